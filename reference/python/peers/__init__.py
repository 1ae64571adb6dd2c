"""The system `peers`: name service, calls, peer list, lock, database (spec/peers/peers.md). One module holds one part of that
page:

    calls           section 1       requests and answers: their form, and the ways in which they fail
    stub            section 1       the caller
    skeleton        section 1       the server
    config          section 3       the configuration of both roles
    name_service    section 4       the role peers.name-service
    peer            5 and 6         the role peers.peer: its methods and commands, and messages
    peer_list       section 5       who is present
    join            section 5       join
    leave           section 5       leave
    lock            section 7       the token
    database        section 8       the fortunes

Stub and skeleton are the names of the course: the stub stands in for an object that is elsewhere, the skeleton stands around an
object that is called from elsewhere.
"""
