"""The system `ring`: a circular DHT (spec/ring/ring.md). One module holds one part of that page:

    circle      section 1       ids, keys and who owns what: pure arithmetic
    config      section 3       the configuration of a peer
    messages    5 to 10         what each message must look like
    peer        2 and 4         one peer: its sockets, who handles which message, its commands
    members     5 and 6         pings, predecessors, dead successors and repair
    join        7               join, seen by the newcomer, the known peer and the acceptor
    leave       8               leave, seen by both sides
    files       9               store and request, routing, transfer over TCP
    segments    10              transfer over UDP: stop-and-wait
"""
