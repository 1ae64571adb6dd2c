"""Tests of ring_peer.py from outside: as a child process, through its control channel and through sockets on the loopback
interface.

    python3 -m unittest test_ring_peer          (in this folder)
    python3 test_ring_peer.py RingTest.test_join_across_the_wrap
"""

import base64
import hashlib
import json
import os
import random
import shutil
import socket
import tempfile
import unittest

from child import HOST, PATIENCE, Base, Node, Wire, free_base

PATIENT = {"pingIntervalMs": 3000}  # for a node among fakes that do not answer its pings
TIMES = {
    "pingIntervalMs": 40,
    "joinTimeoutMs": 1500,
    "requestTimeoutMs": 1500,
    "departTimeoutMs": 1000,
    "retransmitTimeoutMs": 20,
}
NAME = "2067"  # key 19


def digest(data):
    return hashlib.sha256(data).hexdigest()


class RingNode(Node):
    """One peer in a child."""

    def __init__(self, test, child, id, **config):
        super().__init__(child, id)
        self.id = id
        self.folder = tempfile.mkdtemp(dir=test.folder)
        self.config = {"id": id, "host": HOST, "basePort": test.base, "folder": self.folder, **TIMES, **config}
        self.do("start", role="ring.peer", config=self.config)


class Fake:
    """A peer that is played by the test: its UDP socket and its listening TCP socket."""

    def __init__(self, test, id):
        self.test = test
        self.id = id
        self.base = test.base
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind((HOST, self.base + id))
        self.udp.settimeout(PATIENCE)
        self.tcp = socket.socket()
        self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.tcp.bind((HOST, self.base + id))
        self.tcp.listen(16)
        self.tcp.settimeout(PATIENCE)
        test.addCleanup(self.udp.close)
        test.addCleanup(self.tcp.close)

    def send(self, to, kind, **fields):
        self.raw(to, json.dumps({"type": "ring." + kind, "from": self.id, **fields}).encode())

    def raw(self, to, data):
        self.udp.sendto(data, (HOST, self.base + to))

    def receive(self, *kinds):
        """The next datagram of one of these types; others are skipped."""
        while True:
            message = json.loads(self.udp.recv(65536))
            if message["type"] in ["ring." + kind for kind in kinds]:
                return message

    def nothing(self, kind):
        """True if the node's answers so far hold no such datagram. A ping marks the place up to which we read."""
        seq = random.randrange(1 << 40)
        self.send(self.marked, "ping", seq=seq, slot=2)
        while True:
            message = json.loads(self.udp.recv(65536))
            if message["type"] == "ring." + kind:
                return False
            if message["type"] == "ring.pong" and message["seq"] == seq:
                return True

    def accept(self):
        wire = Wire(self.tcp.accept()[0])
        self.test.addCleanup(wire.close)
        return wire


class RingBase(Base):
    PROGRAM = "ring_peer.py"

    def setUp(self):
        super().setUp()
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.base = free_base()
        self.shared = None

    def node(self, id, child=None, **config):
        if child is None:
            self.shared = child = self.shared or self.child()
        return RingNode(self, child, id, **config)

    def ring(self, *ids, **config):
        """A ring at rest: every peer knows its successors and its predecessors."""
        nodes = [self.node(id, **config) for id in ids]
        count = len(nodes)
        for place, node in enumerate(nodes):
            node.do("init", successors=[ids[(place + 1) % count], ids[(place + 2) % count]])
        self.await_ring(nodes)
        return nodes

    def await_ring(self, nodes):
        nodes = sorted(nodes, key=lambda node: node.id)
        ids = [node.id for node in nodes]
        count = len(ids)
        for place, node in enumerate(nodes):
            node.until("successors", [ids[(place + 1) % count], ids[(place + 2) % count]])
            before = [ids[(place - 1) % count], ids[(place - 2) % count]]
            node.until("predecessors", [None if id == node.id else id for id in before])

    def connect(self, id):
        return self.connect_to(self.base + id)

    def fake(self, id, marked=None):
        fake = Fake(self, id)
        fake.marked = marked
        return fake

    def file(self, data):
        path = os.path.join(self.folder, "source-%d" % random.randrange(1 << 60))
        with open(path, "wb") as file:
            file.write(data)
        return path

    def content(self, result):
        with open(result["path"], "rb") as file:
            data = file.read()
        self.assertEqual((len(data), digest(data)), (result["size"], result["digest"]))
        return data


class ControlTest(RingBase):
    def test_hello_and_end_of_input(self):
        child = self.child()
        self.assertEqual(child.hello["event"], "hello")
        self.assertEqual(child.hello["control"], 1)
        self.assertEqual(child.hello["roles"], ["ring.peer"])
        self.assertIn("multi-node", child.hello["features"])
        self.node(4, child)
        self.assertEqual(child.end(), 0)

    def test_end_of_input_in_the_middle(self):
        nodes = self.ring(4, 9)
        self.fake(19)
        nodes[0].ask("request", name=NAME, transport="tcp")
        nodes[0].child.write(b'{"seq":99,"comm')
        self.assertEqual(nodes[0].child.end(), 0)

    def test_single_ends_after_stop(self):
        child = self.child("--single")
        self.assertNotIn("multi-node", child.hello["features"])
        node = self.node(4, child)
        node.do("init", successors=[4, 4])
        self.assertNotIn("node", child.events[-1])
        node.do("stop")
        self.assertEqual(child.process.wait(2), 0)

    def test_wrong_commands(self):
        child = self.child()
        self.fails("unsupported", child.do, "dance", node=1)
        self.fails("bad-argument", child.do, None)
        self.fails("bad-argument", child.do, "state", node="1")
        self.fails("not-started", child.do, "state", node=1)
        self.fails("not-started", child.do, "stop", node=1)
        self.fails("bad-argument", child.do, "start", node=1, role="chord.peer", config={})
        self.fails("bad-argument", child.do, "start", node=1, config={})
        node = self.node(4, child)
        self.fails("already-started", node.do, "start", role="ring.peer", config=node.config)
        for successors in (None, [], [1], [1, 2, 3], [1, 256], [1, -1], [True, 2], ["1", 2], [1.0, 2], [4, 5]):
            self.fails("bad-argument", node.do, "init", successors=successors)
        self.fails("bad-argument", node.do, "join", via=256)
        self.fails("bad-argument", node.do, "join", via=4)
        self.fails("bad-argument", node.do, "request", name="33", transport="tcp")
        self.fails("bad-argument", node.do, "request", name="2067", transport="sctp")
        self.fails("bad-argument", node.do, "store", name="a912", path=self.file(b""))
        self.fails("bad-argument", node.do, "store", name="2067\n", path=self.file(b""))
        self.fails("bad-argument", node.do, "store", name="٢٠٦٧", path=self.file(b""))
        self.fails("bad-argument", node.do, "store", name="2067", path=self.folder)
        self.fails("bad-argument", node.do, "store", name="2067", path="/does/not/exist")
        self.fails("not-in-ring", node.do, "store", name="2067", path=self.file(b""))
        self.fails("not-in-ring", node.do, "request", name="2067", transport="tcp")
        self.assertEqual(
            node.state(),
            {"id": 4, "inRing": False, "successors": None, "predecessors": [None, None], "files": []},
        )
        node.do("init", successors=[4, 4])
        self.fails("already-in-ring", node.do, "init", successors=[4, 4])
        self.fails("already-in-ring", node.do, "join", via=5)

    def test_wrong_configurations(self):
        child = self.child()
        good = {"id": 4, "host": HOST, "basePort": self.base, "folder": self.folder}
        wrong = [
            ("id", None), ("id", 256), ("id", True), ("id", "4"), ("basePort", 0), ("basePort", 65280),
            ("listenPort", 65536), ("host", ""), ("host", "192.0.2.1"), ("folder", "/does/not/exist"), ("folder", 4),
            ("pingIntervalMs", 9), ("pingIntervalMs", 60001), ("refreshIntervalMs", -1), ("joinTimeoutMs", 5),
            ("mss", 0), ("mss", 4097), ("mss", 1.5), ("retransmitTimeoutMs", 4), ("retransmissionsMax", 0),
            ("dropProbability", 1.1), ("dropProbability", -0.1), ("dropProbability", "0"), ("seed", 1 << 32),
            ("segmentLog", 1),
        ]  # fmt: skip
        for field, value in wrong:
            with self.subTest(field=field, value=value):
                self.fails("bad-config", child.do, "start", node=1, role="ring.peer", config={**good, field: value})
        for missing in ("id", "basePort", "folder"):
            config = {field: value for field, value in good.items() if field != missing}
            self.fails("bad-config", child.do, "start", node=1, role="ring.peer", config=config)
        self.fails("bad-config", child.do, "start", node=1, role="ring.peer")
        child.do("start", node=1, role="ring.peer", config={**good, "dropProbability": 1, "unknown": [{}]})

    def test_lines_that_are_no_commands(self):
        child = self.child()
        child.write(b"\nnonsense\n[]\n" + b"[" * 100000 + b"\n\xff\n" + b'{"seq":NaN}\n' + b'{"command":"state"}\n')
        child.write(b"x" * 1100000 + b"\n")
        child.write(b'{"seq":"a","command":"state"}\n{"seq":70,"command":')
        child.write(b'"nothing"}\r\n')
        self.assertEqual(child.reply(70)["error"]["code"], "unsupported")
        self.assertEqual(len(child.replies), 1)

    def test_address_in_use(self):
        child = self.child()
        config = {"id": 4, "host": HOST, "basePort": self.base, "folder": self.folder}
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            with socket.socket(socket.AF_INET, kind) as sock:
                sock.bind((HOST, self.base + 4))
                if kind == socket.SOCK_STREAM:
                    sock.listen()
                self.fails("address-in-use", child.do, "start", node=4, role="ring.peer", config=config)
        child.do("start", node=4, role="ring.peer", config=config)
        child.do("stop", node=4)
        child.do("start", node=4, role="ring.peer", config={**config, "listenPort": self.base + 77})


class RingTest(RingBase):
    def test_rings_of_one_two_three_and_seven(self):
        for ids in ([0], [255, 4][::-1], [0, 128, 255], [2, 4, 5, 8, 9, 14, 19]):
            with self.subTest(ids=ids):
                nodes = self.ring(*ids)
                self.assertEqual(nodes[0].events("successors")[0]["cause"], "init")
                for node in nodes:
                    node.ask("stop")
                nodes[0].child.await_true(lambda: nodes[0].child.seq in nodes[0].child.replies, "stop")
                nodes[0].child.close()
                self.shared = None
                self.base = free_base()

    def test_pings_count_and_move(self):
        node = self.node(4, pingIntervalMs=100)
        five, eight = self.fake(5), self.fake(8)
        node.do("init", successors=[5, 8])
        for fake, slot in ((five, 1), (eight, 2)):
            for seq in range(3):
                ping = fake.receive("ping")
                self.assertEqual(ping, {"type": "ring.ping", "from": 4, "seq": seq, "slot": slot})
                fake.send(4, "pong", seq=seq)
        wire = self.connect(4)
        wire.send(type="ring.depart", **{"from": 5}, successors=[8, 12])
        self.assertEqual(wire.line(), {"type": "ring.depart-ack", "from": 4})
        self.assertEqual(node.state()["successors"], [8, 12])
        seq = 3
        while True:
            ping = eight.receive("ping")
            self.assertEqual(ping["seq"], seq)
            eight.send(4, "pong", seq=seq)
            seq += 1
            if ping["slot"] == 1:
                break

    def test_pong_before_membership_and_predecessors(self):
        node = self.node(4)
        three, two = self.fake(3), self.fake(2)
        two.send(4, "ping", seq=7, slot=1)
        three.send(4, "ping", seq=9, slot=2)
        self.assertEqual(two.receive("pong"), {"type": "ring.pong", "from": 4, "seq": 7})
        self.assertEqual(three.receive("pong"), {"type": "ring.pong", "from": 4, "seq": 9})
        self.assertEqual(node.state()["predecessors"], [2, 3])  # by their slots, not by their ids

    def test_scattered_losses_kill_nobody(self):
        node = self.node(4, pingIntervalMs=100)
        five = self.fake(5)
        node.do("init", successors=[5, 4])
        for round in range(3):  # three missing, one answered, and so on; wrong pongs count for nothing
            for missing in range(3):
                ping = five.receive("ping")
                five.send(4, "pong", seq=ping["seq"] + 100)
            five.send(4, "pong", seq=five.receive("ping")["seq"])
        self.assertEqual(node.events("peer-dead"), [])
        last = five.receive("ping")["seq"]
        node.until_event("peer-dead", peer=5)
        missing = 1
        five.udp.settimeout(0.01)
        try:
            while True:
                missing += five.receive("ping")["seq"] > last
        except socket.timeout:
            pass
        self.assertEqual(missing, 4)
        self.assertEqual(node.state()["successors"], [4, 4])

    def test_query_and_repair(self):
        node = self.node(4, pingIntervalMs=100)
        five = self.fake(5)  # never answers a ping
        eight = self.fake(8)
        node.do("init", successors=[5, 8])

        def answer_pings():
            ping = eight.receive("ping")
            eight.send(4, "pong", seq=ping["seq"])

        eight.tcp.settimeout(0)

        def query():
            answer_pings()
            try:
                return eight.accept()
            except BlockingIOError:
                return None

        for answer in (None, 5, 8, 12):  # nothing, the dead peer and the answering peer itself do not end the search
            wire = node.child.await_true(query, "query")
            self.assertEqual(wire.line(), {"type": "ring.successor-query", "from": 4, "dead": 5})
            self.assertEqual(node.state()["successors"], [8, 8])
            self.connect(4).send(type="ring.successor-query", **{"from": 2}, dead=8)
            wire.send(type="ring.successor-answer", **{"from": 8}, successor=answer)
        node.until("successors", [8, 12])
        self.assertEqual(len(node.events("peer-dead")), 1)
        pairs = [(event["successors"], event["cause"]) for event in node.events("successors")]
        self.assertEqual(pairs, [([5, 8], "init"), ([8, 8], "dead"), ([8, 12], "repair")])
        wire = self.connect(4)
        for dead, answer in ((8, 12), (12, 8), (5, 8)):
            wire.send(type="ring.successor-query", **{"from": 2}, dead=dead)
            self.assertEqual(wire.line(), {"type": "ring.successor-answer", "from": 4, "successor": answer})

    def test_refresh(self):
        nodes = self.ring(4, 9, 14)
        other = self.node(2, refreshIntervalMs=20)
        other.do("init", successors=[4, 14])  # wrong: 4 knows better
        other.until("successors", [4, 9])

    def test_killed_peers(self):
        ids = [4, 9, 14, 200]
        children = [self.child("--single") for _ in ids]
        nodes = [RingNode(self, child, id, pingIntervalMs=100) for child, id in zip(children, ids)]
        for place, node in enumerate(nodes):
            node.do("init", successors=[ids[(place + 1) % 4], ids[(place + 2) % 4]])
        self.await_ring(nodes)
        # The request is under way around a peer that is dead: it is kept and takes another way.
        nodes[3].do("store", name="0007", path=self.file(b"on nine"))
        children[1].process.kill()
        reply = nodes[0].ask("request", name="0014", transport="tcp")
        self.assertEqual(children[0].reply(reply)["error"]["code"], "not-found")
        nodes[0].until_event("peer-dead", peer=9)
        nodes[3].until_event("peer-dead", peer=9)
        nodes[0].until("successors", [14, 200])
        nodes[2].until("successors", [200, 4])
        nodes[3].until("successors", [4, 14])
        nodes[2].until("predecessors", [4, 200])
        nodes[0].do("store", name="0007", path=self.file(b"on fourteen"))
        nodes[2].until("files", ["0007"])
        # Both successors at once.
        children[2].process.kill()
        children[3].process.kill()
        nodes[0].until("successors", [4, 4])
        self.assertEqual(sorted(event["peer"] for event in nodes[0].events("peer-dead")), [9, 14, 200])
        nodes[0].do("store", name="0014", path=self.file(b"alone"))
        self.assertEqual(nodes[0].state()["files"], ["0014"])
        nodes[0].do("stop")

    def test_join_everywhere(self):
        nodes = [self.node(14)]
        nodes[0].do("init", successors=[14, 14])
        for id, via in ((4, 14), (200, 4), (0, 4), (255, 14), (9, 255)):
            node = self.node(id)
            result = node.do("join", via=via)
            self.assertEqual(result["route"][0], via)
            nodes.append(node)
            self.await_ring(nodes)
            self.assertEqual(node.events("successors")[0]["cause"], "join")
        for node in nodes:
            self.assertEqual(node.events("peer-dead"), [])

    def test_join_across_the_wrap(self):
        nodes = self.ring(10, 20, 30)
        newcomer = self.node(40)
        self.assertEqual(newcomer.do("join", via=10), {"successors": [10, 20], "route": [10, 20, 30]})
        low = self.node(3)
        self.assertEqual(low.do("join", via=20), {"successors": [10, 20], "route": [20, 30, 40]})
        self.await_ring([*nodes, newcomer, low])

    def test_joins_at_the_same_time(self):
        nodes = self.ring(10, 20)
        newcomers = [self.node(id) for id in (11, 13, 12, 14, 0, 250)]
        asked = [node.ask("join", via=20) for node in newcomers]
        for seq in asked:
            self.assertTrue(self.shared.reply(seq)["ok"])
        everybody = sorted([*nodes, *newcomers], key=lambda node: node.id)
        for node, following in zip(everybody, [*everybody[1:], everybody[0]]):
            self.shared.await_true(lambda: node.state()["successors"][0] == following.id, "first successors")

    def test_duplicate_ids(self):
        nodes = self.ring(4, 9, 14)
        child = self.child()
        for id, via in ((4, 9), (9, 4), (14, 4), (14, 9)):
            with self.subTest(id=id, via=via):
                twin = RingNode(self, child, id, listenPort=self.base + 100)
                self.fails("duplicate-id", twin.do, "join", via=via)
                self.assertFalse(twin.state()["inRing"])
                twin.do("stop")
        self.await_ring(nodes)

    def test_join_refused(self):
        node = self.node(4)
        self.fails("unreachable", node.do, "join", via=7)
        self.node(9)
        self.fails("unreachable", node.do, "join", via=9)  # it answers not-in-ring
        fake = self.fake(12)
        hurried = self.node(5, joinTimeoutMs=50)
        self.fails("timeout", hurried.do, "join", via=12)
        wire = fake.accept()
        self.assertEqual(wire.line(), {"type": "ring.join", "from": 5, "id": 5, "route": []})
        self.assertIsNone(wire.line())  # it has given up
        late = self.connect(5)
        late.send(type="ring.accept", **{"from": 12}, successors=[14, 19], route=[12])
        self.assertEqual(late.line()["code"], "unexpected")
        self.assertIsNone(hurried.state()["successors"])

    def test_decline_takes_the_way_of_the_known_peer(self):
        node = self.node(4, **PATIENT)
        nine = self.fake(9)
        node.do("init", successors=[9, 14])
        newcomer = self.connect(4)
        newcomer.send(type="ring.join", **{"from": 2}, id=2, route=[])
        passed = nine.accept().line()
        self.assertEqual(passed, {"type": "ring.join", "from": 4, "id": 2, "route": [4]})
        again = self.connect(4)
        again.send(type="ring.join", **{"from": 2}, id=2, route=[])
        self.assertEqual(again.line(), {"type": "ring.decline", "from": 4, "id": 2, "reason": "duplicate-id"})
        wrong = self.connect(4)
        wrong.send(type="ring.decline", **{"from": 9}, id=3, reason="no-place")
        self.assertEqual(wrong.line()["code"], "unexpected")
        newcomer.sock.shutdown(socket.SHUT_WR)  # the answer is due all the same
        decline = {"type": "ring.decline", "from": 9, "id": 2, "reason": "no-place"}
        wrong.send(**decline)
        self.assertEqual(newcomer.line(), decline)
        # The join has come round: it is not passed on once more, and the decline goes to the first peer of the route.
        known = self.fake(77)
        wrong.send(type="ring.join", **{"from": 3}, id=3, route=[77, 4, 9])
        self.assertEqual(known.accept().line(), {"type": "ring.decline", "from": 4, "id": 3, "reason": "no-place"})

    def test_acceptor_without_predecessor(self):
        node = self.node(4, **PATIENT)
        eight, six, two = self.fake(8), self.fake(6), self.fake(2)
        node.do("init", successors=[8, 12])
        wire = self.connect(4)
        wire.send(type="ring.join", **{"from": 3}, id=6, route=[3])
        accept = six.accept().line()
        self.assertEqual(accept, {"type": "ring.accept", "from": 4, "successors": [8, 12], "route": [3, 4]})
        node.until("successors", [6, 8])
        two.send(4, "ping", seq=0, slot=1)
        self.assertEqual(two.accept().line(), {"type": "ring.successor-change", "from": 4, "successors": [4, 6]})

    def test_acceptance_that_comes_too_late(self):
        node = self.node(4, **PATIENT)
        six, eight, two = self.fake(6), self.fake(8), self.fake(2)
        node.do("init", successors=[8, 12])
        two.send(4, "ping", seq=0, slot=1)
        node.until("predecessors", [2, None])
        wire = self.connect(4)
        wire.send(type="ring.join", **{"from": 3}, id=6, route=[3])
        newcomer = six.accept()
        newcomer.line()
        node.until("successors", [6, 8])
        newcomer.send(type="error", code="unexpected", message="too late")
        newcomer.close()
        query = eight.accept()
        self.assertEqual(query.line(), {"type": "ring.successor-query", "from": 4, "dead": 6})
        query.send(type="ring.successor-answer", **{"from": 8}, successor=12)
        node.until("successors", [8, 12])
        changes = [two.accept().line()["successors"] for _ in range(2)]
        self.assertCountEqual(changes, [[4, 6], [4, 8]])
        self.assertEqual(node.events("peer-dead"), [])

    def test_arguments_of_init_and_join(self):
        node = self.node(4)
        for successors in ([9, 9], [4, 9]):
            self.fails("bad-argument", node.do, "init", successors=successors)
        self.fails("bad-argument", node.do, "join", via=4)
        self.assertFalse(node.state()["inRing"])
        node.do("init", successors=[4, 4])

    def test_unknown_second_successor(self):
        """8 twice means that nobody knows who comes after 8: in an accept, in a depart, and in what this peer tells."""
        node = self.node(4, **PATIENT)
        five, eight, six = self.fake(5, marked=4), self.fake(8), self.fake(6)
        seq = node.ask("join", via=8)
        eight.accept().line()
        wire = self.connect(4)
        wire.send(type="ring.accept", **{"from": 2}, successors=[4, 8], route=[8, 2])
        self.assertEqual(wire.line()["code"], "unexpected")
        wire.send(type="ring.accept", **{"from": 2}, successors=[5, 5], route=[8, 2])
        self.assertEqual(node.child.reply(seq)["result"]["successors"], [5, 5])
        question = {"type": "ring.successor-query", "from": 4}
        query = five.accept()
        self.assertEqual(query.line(), question)
        self.assertEqual(node.state()["successors"], [5, 5])
        self.assertEqual(five.receive("ping")["slot"], 1)
        self.assertTrue(five.nothing("ping"))  # with slot 2
        query.send(type="ring.successor-answer", **{"from": 5}, successor=8)
        node.until("successors", [5, 8])
        for successors in ([8, 8], [8, 5]):
            wire.send(type="ring.depart", **{"from": 5}, successors=successors)
            self.assertEqual(wire.line()["type"], "ring.depart-ack")
        node.until("successors", [8, 8])
        self.assertEqual(eight.accept().line(), {**question, "dead": 5})
        wire.send(type="ring.join", **{"from": 2}, id=6, route=[2])
        self.assertEqual(six.accept().line()["successors"], [8, 8])
        node.until("successors", [6, 8])
        wire.send(type="ring.depart", **{"from": 6}, successors=[6, 6])  # names nobody
        self.assertEqual(wire.line()["type"], "ring.depart-ack")
        node.until("successors", [8, 8])
        wire.send(type="ring.successor-change", **{"from": 8}, successors=[8, 8])
        wire.send(type="ring.successor-query", **{"from": 2}, dead=8)
        self.assertIsNone(wire.line()["successor"])
        self.assertEqual(node.state()["successors"], [8, 8])
        self.assertEqual(node.events("peer-dead"), [])

    def test_late_answer(self):
        node = self.node(4, pingIntervalMs=100)
        nine = self.fake(9)
        wire = self.connect(4)
        node.do("init", successors=[5, 9])
        wire.send(type="ring.depart", **{"from": 5}, successors=[9, 9])
        first, _ = nine.accept(), nine.accept()  # asked again: the interval of the first query is over
        first.line()
        first.send(type="ring.successor-answer", **{"from": 9}, successor=12)
        node.until("successors", [9, 12])

    def test_shrinking_forgets_predecessors(self):
        node = self.node(4, **PATIENT)
        five, nine = self.fake(5), self.fake(9)
        node.do("init", successors=[5, 9])
        nine.send(4, "ping", seq=0, slot=1)
        five.send(4, "ping", seq=0, slot=2)
        five.send(4, "ping", seq=1, slot=2)
        node.until("predecessors", [9, 5])
        wire = self.connect(4)
        wire.send(type="ring.depart", **{"from": 5}, successors=[9, 4])
        node.until("successors", [9, 4])
        self.assertEqual(node.state()["predecessors"], [9, None])
        wire.send(type="ring.depart", **{"from": 9}, successors=[4, 9])
        node.until("successors", [4, 4])
        self.assertEqual(node.state()["predecessors"], [None, None])

    def test_order_in_join(self):
        node = self.node(4, **PATIENT)
        six, known = self.fake(6), self.fake(77)
        node.do("init", successors=[8, 12])
        wire = self.connect(4)
        for id, reason in ((8, "duplicate-id"), (20, "no-place")):
            wire.send(type="ring.join", **{"from": 3}, id=id, route=[77, 4, 3])
            self.assertEqual(known.accept().line()["reason"], reason)
        wire.send(type="ring.join", **{"from": 3}, id=6, route=[77, 4, 3])
        self.assertEqual(six.accept().line()["route"], [77, 4, 3, 4])
        wire.send(type="ring.join", **{"from": 3}, id=20, route=[77] * 256)
        self.assertEqual(known.accept().line()["reason"], "no-place")
        wire.send(type="ring.join", **{"from": 3}, id=5, route=[77] * 257)
        self.assertEqual(wire.line()["code"], "schema")
        wire.send(**{"from": 3})
        self.assertEqual(wire.line()["code"], "schema")

    def test_quiet_after_the_first_acknowledgement(self):
        node = self.node(10, pingIntervalMs=20, departTimeoutMs=300)
        twelve, eight, five = self.fake(12), self.fake(8), self.fake(5)
        node.do("init", successors=[12, 15])
        for slot, peer in ((1, eight), (2, five)):
            peer.send(10, "ping", seq=0, slot=slot)
        node.until("predecessors", [8, 5])
        seq = node.ask("stop")
        wire = eight.accept()
        wire.line()
        twelve.receive("ping")
        wire.send(type="ring.depart-ack", **{"from": 8})
        self.assertIsNone(wire.line())  # it has read the acknowledgement
        twelve.udp.settimeout(0.01)
        try:
            while True:
                twelve.receive("ping")
        except socket.timeout:
            pass
        twelve.udp.settimeout(0.1)
        with self.assertRaises(socket.timeout):
            twelve.receive("ping")
        self.assertTrue(node.child.reply(seq)["ok"])

    def test_successor_change(self):
        node = self.node(4, **PATIENT)
        eight = self.fake(8)
        node.do("init", successors=[8, 12])
        wire = self.connect(4)

        def change(sender, a, b, expected):
            wire.send(type="ring.successor-change", **{"from": sender}, successors=[a, b])
            node.until("successors", expected)
            wire.send(type="ring.successor-query", **{"from": 2})
            wire.line()  # everything before is handled
            self.assertEqual(node.state()["successors"], expected)

        change(8, 8, 10, [8, 10])
        change(10, 10, 11, [8, 10])  # 10 lies behind 8: passed on
        self.assertEqual(
            eight.accept().line(), {"type": "ring.successor-change", "from": 10, "successors": [10, 11]}
        )
        change(9, 8, 11, [8, 10])
        change(8, 9, 8, [8, 10])  # 9 does not lie in (4, 8)
        change(8, 6, 8, [6, 8])

    def test_displaced(self):
        node = self.node(8, **PATIENT)
        self.fake(12)
        four, five = self.fake(4), self.fake(5)
        node.do("init", successors=[12, 14])
        four.send(8, "ping", seq=0, slot=1)
        node.until("predecessors", [4, None])
        five.send(8, "ping", seq=0, slot=1)
        change = four.accept().line()
        self.assertEqual(change, {"type": "ring.successor-change", "from": 8, "successors": [5, 8]})

    def test_leave(self):
        nodes = self.ring(2, 4, 5, 8)
        while len(nodes) > 1:
            gone = nodes.pop(1)
            gone.do("stop")
            self.await_ring(nodes)
            nodes[0].until_event("peer-departed", peer=gone.id)
        nodes[0].do("stop")
        for event in self.shared.events:
            self.assertNotEqual(event["event"], "peer-dead")

    def test_leave_waits_for_the_unknown_and_serves_meanwhile(self):
        node = self.node(10, departTimeoutMs=5000, **PATIENT)
        self.fake(12)
        eight = self.fake(8)
        node.do("init", successors=[12, 8])
        seq = node.ask("stop")
        self.assertTrue(node.state()["inRing"])
        eight.send(10, "ping", seq=0, slot=1)
        eight.send(10, "ping", seq=1, slot=2)
        wire = eight.accept()
        self.assertEqual(wire.line(), {"type": "ring.depart", "from": 10, "successors": [12, 8]})
        self.assertTrue(node.state()["inRing"])
        wire.send(type="ring.depart-ack", **{"from": 8})
        self.assertTrue(node.child.reply(seq)["ok"])
        self.fails("not-started", node.do, "state")

    def test_departed_peer_does_not_come_back(self):
        node = self.node(4, **PATIENT)
        self.fake(8)
        node.do("init", successors=[5, 8])
        wire = self.connect(4)
        for _ in range(2):
            wire.send(type="ring.depart", **{"from": 5}, successors=[8, 12])
            self.assertEqual(wire.line(), {"type": "ring.depart-ack", "from": 4})
        wire.send(type="ring.successor-change", **{"from": 8}, successors=[5, 8])  # 8 got a last ping of 5
        wire.send(type="ring.successor-query", **{"from": 2})
        self.assertEqual(wire.line()["successor"], 8)
        self.assertEqual(node.state()["successors"], [8, 12])
        self.assertEqual(len(node.events("peer-departed")), 1)

    def test_query_names_the_departed(self):
        node = self.node(4, **PATIENT)
        eight = self.fake(8)
        node.do("init", successors=[5, 8])
        wire = self.connect(4)
        wire.send(type="ring.depart", **{"from": 5}, successors=[8, 5])
        self.assertEqual(wire.line(), {"type": "ring.depart-ack", "from": 4})
        self.assertEqual(eight.accept().line(), {"type": "ring.successor-query", "from": 4, "dead": 5})

    def test_leave_gives_up(self):
        node = self.node(10, departTimeoutMs=50)
        node.do("init", successors=[12, 15])
        node.do("stop")


class FileTest(RingBase):
    def test_store_and_request(self):
        nodes = self.ring(2, 4, 5, 8, 9, 14, 19, mss=100, dropProbability=0.3, retransmitTimeoutMs=5)
        by_id = {node.id: node for node in nodes}
        contents = [b"", b"\n", bytes(range(256)) * 5, b"x" * 400, os.urandom(200000)]
        for data in contents:
            result = by_id[2].do("store", name=NAME, path=self.file(data))
            self.assertEqual(result, {"owner": 19, "route": [2, 4, 5, 8, 9, 14, 19]})
            self.assertEqual(by_id[19].state()["files"], [NAME])
            by_id[19].until_event("stored", name=NAME, size=len(data), digest=digest(data))
            for transport in ("tcp", "udp") if len(data) < 10000 else ("tcp",):
                result = by_id[4].do("request", name=NAME, transport=transport)
                self.assertEqual((result["owner"], result["route"]), (19, [4, 5, 8, 9, 14, 19]))
                self.assertEqual(self.content(result), data)
                self.assertEqual(os.path.dirname(result["path"]), by_id[4].folder)
                result = by_id[19].do("request", name=NAME, transport=transport)
                self.assertEqual((result["owner"], result["route"]), (19, [19]))
                self.assertEqual(self.content(result), data)
        for transport in ("tcp", "udp"):
            self.fails("not-found", by_id[9].do, "request", name="0019", transport=transport)  # the same key
            self.fails("not-found", by_id[19].do, "request", name="0019", transport=transport)
        self.assertEqual(by_id[2].do("store", name="0258", path=self.file(b"own"))["route"], [2])
        for node in nodes:
            self.assertEqual([name for name in os.listdir(node.folder) if name.startswith(".")], [])

    def test_alone(self):
        (node,) = self.ring(4)
        self.assertEqual(node.do("store", name="9999", path=self.file(b"abc")), {"owner": 4, "route": [4]})
        self.assertEqual(self.content(node.do("request", name="9999", transport="udp")), b"abc")
        self.fails("not-found", node.do, "request", name="0000", transport="tcp")

    def test_many_at_once(self):
        nodes = self.ring(4, 9, 200, mss=50)
        names = ["%04d" % number for number in range(0, 9000, 300)]
        data = {name: name.encode() * 50 for name in names}
        asked = [nodes[0].ask("store", name=name, path=self.file(data[name])) for name in names]
        for seq in asked:
            self.assertTrue(self.shared.reply(seq)["ok"])
        asked = [(name, nodes[1].ask("request", name=name, transport="udp")) for name in names * 3]
        for name, seq in asked:
            self.assertEqual(self.content(self.shared.reply(seq)["result"]), data[name])

    def test_no_answer(self):
        node = self.node(4, requestTimeoutMs=150, **PATIENT)
        self.fails("not-in-ring", node.do, "request", name=NAME, transport="tcp")
        eight = self.fake(8)
        node.do("init", successors=[8, 12])
        seq = node.ask("request", name=NAME, transport="tcp")
        held = eight.accept()
        message = held.line()
        self.assertEqual(message["route"], [4])
        self.assertEqual(self.shared.reply(seq)["error"]["code"], "timeout")
        # It comes back after the end, and while it waits.
        wire = self.connect(4)
        wire.send(**{**message, "from": 2, "route": [4, 8, 2]})
        seq = node.ask("request", name=NAME, transport="tcp")
        second = eight.accept().line()
        self.assertNotEqual(second["request"], message["request"])
        wire.send(**{**second, "from": 2, "route": [4, 8, 2]})
        self.assertEqual(self.shared.reply(seq)["error"]["code"], "no-owner")

    def test_unreachable(self):
        node = self.node(4, requestTimeoutMs=100, pingIntervalMs=60)
        node.do("init", successors=[8, 12])
        self.fails("unreachable", node.do, "request", name=NAME, transport="udp")

    def test_unknown_fields_are_passed_on(self):
        node = self.node(4, **PATIENT)
        eight = self.fake(8)
        node.do("init", successors=[8, 12])
        wire = self.connect(4)
        message = {
            "type": "ring.request", "from": 2, "origin": 2, "name": NAME, "request": 1, "transport": "tcp",
            "route": [2], "colour": {"nested": [1.5, None]},
        }  # fmt: skip
        wire.send(**message)
        self.assertEqual(eight.accept().line(), {**message, "from": 4, "route": [2, 4]})

    def test_owner_by_wire(self):
        """Peer 4 plays the owner of key 3 for peer 9, which is played by the test."""
        node = self.node(4, **PATIENT)
        nine = self.fake(9)
        node.do("init", successors=[9, 4])
        nine.send(4, "ping", seq=0, slot=1)
        node.until("predecessors", [9, None])
        put = {"type": "ring.put", "from": 9, "name": "0003", "request": 7, "digest": digest(b"hello"), "bodyLength": 5}

        def offer():
            self.connect(4).send(
                type="ring.store", **{"from": 9}, origin=9, name="0003", request=7, size=5, route=[9]
            )
            accept = nine.accept().line()
            self.assertEqual(
                accept, {"type": "ring.store-accept", "from": 4, "name": "0003", "request": 7, "route": [9, 4]}
            )

        def refused(message, body, code="unexpected"):
            wire = self.connect(4)
            wire.sock.sendall(json.dumps(message).encode() + b"\n" + body)
            self.assertEqual(wire.line()["code"], code)
            self.assertIsNone(wire.line())
            self.assertEqual(node.state()["files"], [])

        refused(put, b"hello")  # nobody asked
        offer()
        refused({**put, "bodyLength": 6}, b"hello!")
        refused({**put, "request": 8}, b"hello")
        refused({**put, "from": 8}, b"hello")
        refused({**put, "name": "../x"}, b"hello", "schema")
        refused(put, b"HELLO")  # the digest is another one
        offer()
        wire = self.connect(4)  # cut
        wire.sock.sendall(json.dumps(put).encode() + b"\nhel")
        wire.close()
        self.shared.await_true(lambda: os.listdir(node.folder) == [], "no draft left")
        offer()
        wire = self.connect(4)
        line = json.dumps(put).encode() + b"\r\nhello"
        for byte in line:
            wire.sock.sendall(bytes([byte]))
        query = b'{"type":"ring.successor-query","from":9}\n'
        wire.sock.sendall(query + query)
        self.assertEqual(wire.line(), {"type": "ring.stored", "from": 4, "name": "0003", "request": 7})
        self.assertEqual(wire.line()["successor"], 9)
        self.assertEqual(wire.line()["successor"], 9)
        self.assertEqual(node.state()["files"], ["0003"])
        refused_again = self.connect(4)
        refused_again.sock.sendall(json.dumps(put).encode() + b"\nhello")
        self.assertEqual(refused_again.line()["code"], "unexpected")

    def test_origin_by_wire(self):
        """Peer 4 asks; the owner is played by the test."""
        node = self.node(4, **PATIENT)
        nine = self.fake(9)
        node.do("init", successors=[9, 4])

        def ask(transport="tcp"):
            seq = node.ask("request", name=NAME, transport=transport)
            return seq, nine.accept().line()["request"]

        def file(number, body, **changes):
            wire = self.connect(4)
            header = {
                "type": "ring.file", "from": 9, "name": NAME, "request": number, "digest": digest(body),
                "route": [4, 9], "bodyLength": len(body), **changes,
            }  # fmt: skip
            wire.sock.sendall(json.dumps(header).encode() + b"\n" + body)
            wire.sock.shutdown(socket.SHUT_WR)
            return wire.line()

        seq, number = ask()
        self.assertEqual(file(number + 1, b"abc")["code"], "unexpected")
        self.assertEqual(file(number, b"abc", name="2068")["code"], "unexpected")
        self.assertIsNone(file(number, b"abc"))
        self.assertEqual(self.content(self.shared.reply(seq)["result"]), b"abc")
        self.assertEqual(file(number, b"abc")["code"], "unexpected")
        seq, number = ask()
        file(number, b"abc", digest=digest(b"xyz"))
        self.assertEqual(self.shared.reply(seq)["error"]["code"], "digest-mismatch")
        seq, number = ask()
        file(number, b"abc", bodyLength=10)
        self.assertEqual(self.shared.reply(seq)["error"]["code"], "transfer-failed")
        seq, number = ask()
        wire = self.connect(4)
        wire.send(type="ring.not-found", **{"from": 9}, name=NAME, request=number, route=[4, 9])
        self.assertEqual(self.shared.reply(seq)["error"]["code"], "not-found")
        self.assertEqual(len(os.listdir(node.folder)), 1)
        seq = node.ask("store", name=NAME, path=self.file(b"abc"))
        number = nine.accept().line()["request"]
        wire.send(type="ring.store-accept", **{"from": 9}, name=NAME, request=number, route=[4, 9])
        put = nine.accept()
        self.assertEqual(put.line()["bodyLength"], 3)
        put.close()
        self.assertEqual(self.shared.reply(seq)["error"]["code"], "transfer-failed")

    def test_udp_owner_by_wire(self):
        """The owner is under test: order, repetition, wrong acks, the log."""
        node = self.node(4, mss=4, segmentLog=True, retransmissionsMax=20, retransmitTimeoutMs=25, **PATIENT)
        nine = self.fake(9)
        node.do("init", successors=[9, 4])
        nine.send(4, "ping", seq=0, slot=1)
        node.until("predecessors", [9, None])
        node.do("store", name="0003", path=self.file(b"abcdefgh"))
        self.connect(4).send(
            type="ring.request", **{"from": 9}, origin=9, name="0003", request=7, transport="udp", route=[9]
        )
        kinds = ("offer", "data", "end")
        offer = nine.receive(*kinds)
        number = offer.pop("transfer")
        self.assertEqual(
            offer,
            {
                "type": "ring.offer", "from": 4, "request": 7, "name": "0003", "size": 8,
                "digest": digest(b"abcdefgh"), "mss": 4, "route": [9, 4],
            },
        )  # fmt: skip
        self.assertEqual(nine.receive(*kinds), {**offer, "transfer": number})
        nine.send(4, "ready", transfer=number)

        def expect(**fields):
            while True:
                message = nine.receive(*kinds)
                if message["type"] == fields["type"]:
                    self.assertEqual(message, {"from": 4, "transfer": number, **fields})
                    return

        first = {"type": "ring.data", "seq": 1, "data": base64.b64encode(b"abcd").decode()}
        expect(**first)
        nine.send(4, "ack", transfer=number, ack=4)
        nine.send(4, "ack", transfer=number + 1, ack=5)
        self.fake(12).send(4, "ack", transfer=number, ack=5)
        expect(**first)
        expect(**first)
        nine.send(4, "ack", transfer=number, ack=5)
        message = nine.receive(*kinds)
        self.assertEqual((message["seq"], base64.b64decode(message["data"])), (5, b"efgh"))
        nine.send(4, "ack", transfer=number, ack=9)
        while message["type"] != "ring.end":
            message = nine.receive(*kinds)
        self.assertEqual(message["seq"], 9)
        for repetition in range(3):
            self.assertEqual(nine.receive(*kinds)["type"], "ring.end")
        node.until_event("segment", ack=9)
        log = [(event["action"], event["seq"], event["bytes"], event["ack"]) for event in node.events("segment")]
        self.assertEqual(
            [entry for entry in log if entry[0] != "RTX"],
            [("snd", 1, 4, 0), ("rcv", 0, 4, 5), ("snd", 5, 4, 0), ("rcv", 0, 4, 9)],
        )
        self.assertGreaterEqual(log.count(("RTX", 1, 4, 0)), 2)
        times = [event["timeMs"] for event in node.events("segment")]
        self.assertEqual(times, sorted(times))

    def test_udp_requester_by_wire(self):
        node = self.node(4, segmentLog=True, **PATIENT)
        nine = self.fake(9, marked=4)
        node.do("init", successors=[9, 4])
        seq = node.ask("request", name=NAME, transport="udp")
        number = nine.accept().line()["request"]
        data = b"0123456789"
        offer = {
            "request": number, "name": NAME, "size": 10, "digest": digest(data), "mss": 4, "route": [4, 9],
        }  # fmt: skip
        nine.send(4, "offer", transfer=1, **{**offer, "request": number + 1})
        nine.send(4, "offer", transfer=1, **{**offer, "name": "2068"})
        self.assertTrue(nine.nothing("ready"))
        for repetition in range(2):
            nine.send(4, "offer", transfer=1, **offer)
            self.assertEqual(nine.receive("ready"), {"type": "ring.ready", "from": 4, "transfer": 1})

        def segment(seq, text, ack):
            nine.send(4, "data", transfer=1, seq=seq, data=text if isinstance(text, str) else base64.b64encode(text).decode())
            if ack is None:
                self.assertTrue(nine.nothing("ack"))
            else:
                self.assertEqual(nine.receive("ack"), {"type": "ring.ack", "from": 4, "transfer": 1, "ack": ack})

        segment(5, b"4567", None)  # not yet
        segment(1, b"", None)
        segment(1, "0123", 4)  # "0123" is the base64 of three bytes
        node.child.await_true(lambda: node.events("segment"), "log")
        # That was a wrong segment on purpose: the digest will tell.
        segment(1, "0123", 4)
        segment(1, "01=3", None)
        segment(4, b"3456", 8)
        segment(8, b"7", 9)  # a short one in the middle ends nothing
        segment(9, b"89", 11)
        nine.send(4, "end", transfer=1, seq=10)
        self.assertTrue(nine.nothing("ack"))
        for repetition in range(2):
            nine.send(4, "end", transfer=1, seq=11)
            self.assertEqual(nine.receive("ack")["ack"], 12)
        self.assertEqual(self.shared.reply(seq)["error"]["code"], "digest-mismatch")
        segment(9, b"89", 11)  # our last ack was lost
        self.assertEqual(os.listdir(node.folder), [])
        # An empty file: offer, ready, end, ack.
        seq = node.ask("request", name=NAME, transport="udp")
        number = nine.accept().line()["request"]
        nine.send(4, "offer", transfer=2, **{**offer, "request": number, "size": 0, "digest": digest(b"")})
        nine.receive("ready")
        nine.send(4, "end", transfer=2, seq=1)
        self.assertEqual(nine.receive("ack")["ack"], 2)
        self.assertEqual(self.content(self.shared.reply(seq)["result"]), b"")
        # More than was offered.
        seq = node.ask("request", name=NAME, transport="udp")
        number = nine.accept().line()["request"]
        nine.send(4, "offer", transfer=3, **{**offer, "request": number, "size": 1})
        nine.send(4, "data", transfer=3, seq=1, data=base64.b64encode(b"ab").decode())
        self.assertEqual(self.shared.reply(seq)["error"]["code"], "digest-mismatch")

    def test_dropping_everything_ends(self):
        nodes = self.ring(4, 9, dropProbability=1, retransmissionsMax=2, requestTimeoutMs=300, segmentLog=True)
        nodes[0].do("store", name="0009", path=self.file(b"abc"))
        self.fails("timeout", nodes[0].do, "request", name="0009", transport="udp")
        self.assertEqual([event["action"] for event in nodes[1].events("segment")], ["drop"] * 3)
        self.assertEqual(nodes[0].do("request", name="0009", transport="tcp")["size"], 3)


class HostileTest(RingBase):
    def alive(self, node):
        self.assertEqual(node.state()["successors"], [8, 12])
        wire = self.connect(4)
        wire.send(type="ring.successor-query", **{"from": 2})
        self.assertEqual(wire.line()["successor"], 8)
        wire.close()

    def member(self):
        node = self.node(4, pingIntervalMs=5000)
        node.do("init", successors=[8, 12])
        return node

    def test_datagrams(self):
        node = self.member()
        two = self.fake(2, marked=4)
        good = {"type": "ring.ping", "from": 2, "seq": 0, "slot": 1}
        wrong = [b"", b"x", b"[]", b"null", b"7", b"\xff\xfe", b"{", b"[" * 8000, b'{"a":' * 1500, b"{}" * 2]
        wrong.append(json.dumps(good).encode()[:-1] + b',"x":' + b"[" * 4000 + b"]" * 4000 + b"}")
        for change in (
            {"from": 256}, {"from": -1}, {"from": "2"}, {"from": None}, {"from": True}, {"from": 2.5}, {"seq": -1},
            {"seq": 2**53}, {"seq": "0"}, {"slot": 0}, {"slot": 3}, {"slot": True}, {"type": "ring.pang"}, {"type": 7},
            {"type": "ring.join"}, {"type": []},
        ):  # fmt: skip
            wrong.append(json.dumps({**good, **change}).encode())
        for field in good:
            wrong.append(json.dumps({key: value for key, value in good.items() if key != field}).encode())
        line = json.dumps(good).encode()
        wrong += [
            line[:-1] + b',"seq":0}',
            line[:-1] + b',"x":NaN}',
            line.replace(b'"seq": 0', b'"seq": 1.0'),
            line.replace(b'"seq": 0', b'"seq": 1e0'),
            line.replace(b'"seq": 0', b'"seq": ' + b"9" * 6000),
            line + b" " * (8193 - len(line)),
            b"\xef\xbb\xbf" + line,
            line + line,
        ]
        for data in wrong:
            two.raw(4, data)
        self.assertTrue(two.nothing("x"))  # the marking ping has slot 2
        self.assertEqual(node.state()["predecessors"], [None, 2])
        two.udp.setblocking(False)
        self.assertRaises(BlockingIOError, two.udp.recv, 1)  # no pong to any of them
        two.udp.settimeout(PATIENCE)
        two.raw(4, line[:-1] + b',"unknown":{"a":[1]}}' + b" " * 100)
        two.receive("pong")
        self.assertEqual(node.state()["predecessors"], [2, 2])

    def test_lines(self):
        node = self.member()
        wire = self.connect(4)
        good = {"type": "ring.join", "from": 2, "id": 2, "route": []}
        wrong = [
            (b"", "malformed"), (b"x", "malformed"), (b"[]", "malformed"), (b"\xff", "malformed"),
            (b"[" * 60000, "malformed"), (b'{"a":' * 10000, "malformed"), (b"{}", "schema"),
            (b'{"type":"ring.ping","from":2,"seq":0,"slot":1}', "unknown-type"),
            (b'{"type":"ring.successor-query","from":2,"from":2}', "malformed"),
            (b'{"type":"ring.successor-query","from":2,"dead":null}', "schema"),
            (b'{"type":"ring.successor-query","from":2,"dead":300}', "schema"),
            (b'{"type":"ring.stored","from":2,"name":"0001","request":1}', "unexpected"),
            (b'{"type":"ring.accept","from":2,"successors":[5,6],"route":[2]}', "unexpected"),
            (b'{"type":"ring.not-found","from":2,"name":"0001","request":1,"route":[2]}', "unexpected"),
            (b'{"type":"ring.store-accept","from":2,"name":"0001","request":1,"route":[2]}', "unexpected"),
        ]  # fmt: skip
        for change in ({"id": 256}, {"route": None}, {"route": [1, 256]}, {"route": "x"}, {"route": [2] * 9000}):
            wrong.append((json.dumps({**good, **change}).encode(), "schema"))
        for line, code in wrong:
            with self.subTest(line=line[:80]):
                wire.sock.sendall(line + b"\n")
                answer = wire.line()
                self.assertEqual((answer["type"], answer["code"]), ("error", code))
        wire.send(type="error", code="internal", message="an error is never answered")
        wire.send(type="error")
        wire.send(type="ring.successor-query", **{"from": 2})
        self.assertEqual(wire.line()["type"], "ring.successor-answer")
        for length, code in ((65536, "malformed"), (65537, "too-long"), (1000000, "too-long")):
            wire = self.connect(4)
            try:
                wire.sock.sendall(b"x" * length + b"\r\n")
            except OSError:
                pass
            self.assertEqual(wire.line()["code"], code)
        self.assertIsNone(wire.line())
        self.alive(node)

    def test_pieces_and_half_closed_connections(self):
        node = self.member()
        query = b'{"type":"ring.successor-query","from":2}\r\n'
        wire = self.connect(4)
        wire.sock.sendall(query * 50 + query[:-5])
        wire.sock.shutdown(socket.SHUT_WR)
        for _ in range(50):
            self.assertEqual(wire.line()["successor"], 8)
        self.assertIsNone(wire.line())
        wire = self.connect(4)  # a type without a body, with one
        wire.sock.sendall(b'{"type":"ring.successor-query","from":2,"bodyLength":12}\nno\nmessage\n{"type":"ring.pong"}\n')
        self.assertEqual(wire.line()["successor"], 8)
        self.assertEqual(wire.line()["code"], "malformed")
        self.alive(node)

    def test_slow_connections(self):
        node = self.member()
        wires = [self.connect(4) for _ in range(80)]
        for wire in wires:
            wire.sock.sendall(b'{"type":"ring.succ')
        self.alive(node)
        for wire in wires:
            wire.sock.sendall(b'essor-query","from":2}\n')
        for wire in wires:
            self.assertEqual(wire.line()["successor"], 8)

    def test_reader_that_does_not_read(self):
        node = self.member()
        wire = self.connect(4)
        wire.sock.settimeout(0.2)
        query = b'{"type":"ring.successor-query","from":2}\n' * 1000
        try:
            for _ in range(500):
                wire.sock.sendall(query)
        except socket.timeout:
            pass
        else:
            self.fail("the node takes everything and keeps the answers")
        self.alive(node)


if __name__ == "__main__":
    unittest.main()
