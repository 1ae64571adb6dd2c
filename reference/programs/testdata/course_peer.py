"""A peer as a student of the course may have handed it in, to see that it works with today's name service and peers.

Its habits are theirs: a thread and one request for each connection, which the server closes as soon as it has answered; a
caller that closes first, and that never waits for the answer to what it does not need (as some solutions do on leaving).

    course_peer.py TYPE NAME_SERVICE_PORT      then lines on standard input: l, <PEER_ID> : <MESSAGE>, call METHOD, q
"""
import json
import socket
import sys
import threading


def connect(address, method, args):
    connection = socket.create_connection(tuple(address))
    connection.sendall((json.dumps({"method": method, "args": args}) + "\n").encode())
    return connection


class Stub:
    def __init__(self, address):
        self.address = tuple(address)

    def __getattr__(self, method):
        return lambda *args: self.call(method, args)

    def call(self, method, args):
        connection = connect(self.address, method, args)
        answer = json.loads(connection.makefile("r").readline())
        connection.close()
        if "error" in answer:
            error = type(answer["error"]["name"], (Exception,), {})
            raise error(*answer["error"]["args"])
        return answer["result"]


def forget(address, method, *args):
    connect(address, method, args).close()


class Peer:
    def __init__(self, name_service, object_type):
        self.type, self.id, self.peers = object_type, -1, {}
        self.server = socket.create_server(("127.0.0.1", 0))
        self.address = self.server.getsockname()
        self.name_service = name_service
        threading.Thread(target=self.serve, daemon=True).start()
        self.id, self.hash = Stub(name_service).register(object_type, self.address)
        for peer, address in Stub(name_service).require_all(object_type):
            if peer < self.id:
                self.peers[peer] = Stub(address)
                self.peers[peer].register_peer(self.id, self.address)

    def serve(self):
        while True:
            connection, _ = self.server.accept()
            threading.Thread(target=self.answer, args=(connection,), daemon=True).start()

    def answer(self, connection):
        worker = connection.makefile("rw")
        try:
            request = json.loads(worker.readline())
            answer = {"result": getattr(self, request["method"])(*request["args"])}
        except Exception as error:
            answer = {"error": {"name": type(error).__name__, "args": error.args}}
        worker.write(json.dumps(answer) + "\n")
        worker.flush()
        connection.close()

    def check(self):
        say("Somebody checks whether this peer is there.")
        return (self.id, self.type)

    def register_peer(self, peer, address):
        self.peers[peer] = Stub(address)
        say("Peer {} has joined the system.".format(peer))

    def unregister_peer(self, peer):
        if peer not in self.peers:
            raise Exception("No peer with id: '{}'".format(peer))
        del self.peers[peer]
        say("Peer {} has left the system.".format(peer))

    def display_peers(self):
        for peer in sorted(self.peers):
            say("    id: {:>2}, address: {}".format(peer, self.peers[peer].address))

    def print_message(self, sender, text):
        say("Received a message from {}: {}".format(sender, text))

    def destroy(self):
        forget(self.name_service, "unregister", self.id, self.type, self.hash)
        for peer in list(self.peers.values()):
            forget(peer.address, "unregister_peer", self.id)


def say(line):
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


this = Peer(("127.0.0.1", int(sys.argv[2])), sys.argv[1])
say("{}({})> ".format(this.type, this.id))
for line in sys.stdin:
    command = line.rstrip("\n")
    if command == "q":
        break
    if command == "l":
        this.display_peers()
        continue
    words = command.split(" ")
    try:
        if words[0] == "call":
            for stub in this.peers.values():
                say("{}: {}".format(words[1], stub.call(words[1], [])))
        else:
            position = command.find(":")
            this.peers[int(command[:position])].print_message(this.id, command[position + 1:])
    except Exception as error:
        say("{}{}".format(type(error).__name__, error.args))
this.destroy()
