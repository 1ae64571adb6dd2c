"""Tests of peers_node.py from outside: as a child process, through its control channel and through sockets on the loopback
interface.

    python3 -m unittest test_peers_node          (in this folder)
    python3 test_peers_node.py LockTest.test_three_in_turn
"""

import json
import random
import socket
import threading
import time
import unittest

from child import HOST, PATIENCE, Base, Node, free_base

TYPE = "chat"
TIMES = {"callTimeoutMs": 1000, "acquireTimeoutMs": 3000}
ERROR = {"error": {"name": "Odd", "args": [1, "two", None]}}
SILENT, CLOSE = "silent", "close"


class Played:
    """A participant that is played by the test: it answers calls as its handlers say, in threads, and remembers them.

    A handler gives what is sent: an object, bytes as they are, SILENT, or CLOSE. It may wait for an Event first.
    """

    def __init__(self, test, port, **handlers):
        self.test = test
        self.port = port
        self.address = [HOST, port]
        self.handlers = handlers
        self.calls = []
        self._open = []
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((HOST, port))
        self._socket.listen(256)
        threading.Thread(target=self._accept, daemon=True).start()
        test.addCleanup(self.die)

    def die(self):
        """From now on connections are refused, and those that are open are closed."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._socket.close()
        for sock in self._open:
            sock.close()

    def _accept(self):
        while True:
            try:
                sock, _ = self._socket.accept()
            except OSError:
                return
            self._open.append(sock)
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        try:
            with sock.makefile("rb") as file:
                line = file.readline()
                if not line:
                    return
                request = json.loads(line)
                assert list(request) == ["method", "args"], request
                self.calls.append((request["method"], *request["args"]))
                answer = self.handlers.get(request["method"], lambda *args: {"result": None})(*request["args"])
                if answer == CLOSE:
                    sock.close()
                elif answer != SILENT:
                    data = answer if isinstance(answer, bytes) else json.dumps(answer).encode() + b"\n"
                    sock.sendall(data)
                    self.rest = file.read()  # nothing but the end: one request on each connection
        except (OSError, ValueError):
            pass

    def called(self, method):
        return [call[1:] for call in self.calls if call[0] == method]

    def await_call(self, method, count=1):
        self.test.wait(lambda: len(self.called(method)) >= count, "%d calls of %s" % (count, method))
        return self.called(method)[count - 1]


class PeersBase(Base):
    PROGRAM = "peers_node.py"

    def setUp(self):
        super().setUp()
        self.base = free_base(100)
        self.shared = self.child()
        self.service_port = self.base
        self._seats = 0

    def wait(self, condition, text):
        return self.shared.await_true(condition, text)

    def seat(self):
        self._seats += 1
        return self._seats

    def start(self, seat, role, **config):
        node = Node(self.shared, seat)
        node.port = self.base + seat
        node.config = {"host": HOST, "listenPort": node.port, **config}
        node.do("start", role="peers." + role, config=node.config)
        return node

    def service(self, **config):
        return self.start(0, "name-service", **{"checkTimeoutMs": 300, **config})

    def peer(self, **config):
        config = {"type": TYPE, "nameService": [HOST, self.base], **TIMES, **config}
        return self.start(self.seat(), "peer", **config)

    def joined(self, **config):
        node = self.peer(**config)
        node.id = node.do("join")["id"]
        return node

    def played_service(self, others=(), id=10, **handlers):
        """A name service that gives this id, and names these others: (id, played)."""
        registered = [[other, played.address] for other, played in others]
        answers = {
            "register": lambda type, address: {"result": [id, "secret"]},
            "require_all": lambda type: {"result": registered},
        }
        return Played(self, self.base, **{**answers, **handlers})

    def played(self, **handlers):
        return Played(self, self.base + self.seat(), **handlers)

    def raw(self, node, data, half_close=False):
        """The answers to bytes on one connection."""
        wire = self.connect_to(node.port)
        wire.sock.sendall(data)
        if half_close:
            wire.sock.shutdown(socket.SHUT_WR)
        return wire

    def call(self, node, method, *args):
        wire = self.raw(node, json.dumps({"method": method, "args": args}).encode() + b"\n")
        answer = wire.line()
        wire.close()
        return answer

    def result(self, node, method, *args):
        answer = self.call(node, method, *args)
        self.assertEqual(list(answer), ["result"], answer)
        return answer["result"]

    def error(self, name, answer):
        self.assertEqual(list(answer), ["error"], answer)
        self.assertEqual(answer["error"]["name"], name)
        return answer["error"]["args"][0]

    def ids(self, node):
        return [peer["id"] for peer in node.state()["peers"]]


class ControlTest(PeersBase):
    def test_hello_and_single(self):
        self.assertEqual(self.shared.hello["roles"], ["peers.name-service", "peers.peer"])
        self.assertEqual(self.shared.end(), 0)
        child = self.child("--single")
        self.assertEqual(
            child.hello["features"], ["peers.list", "peers.message", "peers.lock", "peers.database"]
        )
        child.do("start", role="peers.name-service", config={"host": HOST, "listenPort": self.base})
        self.assertEqual(child.do("state"), {"types": {}})
        child.do("stop")
        self.assertEqual(child.process.wait(2), 0)

    def test_end_of_input_in_the_middle(self):
        self.played_service(register=lambda *args: SILENT)
        self.peer().ask("join")
        self.assertEqual(self.shared.end(), 0)

    def test_commands(self):
        service, plain = self.service(), self.peer()
        for name in ("join", "send", "acquire", "dance"):
            self.fails("unsupported", service.do, name)
        for name in ("acquire", "release", "read", "write"):
            self.fails("unsupported", plain.do, name)
        self.fails("unsupported", self.peer(lock=True).do, "read")
        self.fails("not-started", self.shared.do, "join", node=99)
        self.fails("bad-argument", self.shared.do, "start", node=99, role="peers.chat", config={})
        self.fails("already-started", plain.do, "start", role="peers.peer", config=plain.config)
        self.fails("address-in-use", self.start, 0 + 98, "peer", **{**plain.config})
        for arguments in (
            {}, {"to": 1}, {"to": "1", "text": "x"}, {"to": -1, "text": "x"}, {"to": True, "text": "x"}, {"to": 1, "text": 2},
        ):  # fmt: skip
            self.fails("bad-argument", plain.do, "send", **arguments)
        for arguments in (
            {"address": [HOST, 1], "method": "x"}, {"address": [HOST, 0], "method": "x", "args": []},
            {"address": HOST, "method": "x", "args": []}, {"address": [HOST, 1], "method": 1, "args": []},
            {"address": [HOST, 1], "method": "x", "args": {}}, {"address": ["", 1], "method": "x", "args": []},
        ):  # fmt: skip
            self.fails("bad-argument", plain.do, "call", **arguments)
        database = self.peer(lock=True, fortunes=[])
        for fortune in (None, "", "x" * 1001, 7):
            self.fails("bad-argument", database.do, "write", fortune=fortune)
        self.fails("not-joined", database.do, "write", fortune="\U0001f600" * 1000)
        self.fails("not-joined", database.do, "acquire")
        self.fails("not-held", database.do, "release")
        self.fails("not-found", plain.do, "send", to=1, text="x")
        self.assertEqual(
            plain.state(),
            {"id": -1, "type": TYPE, "peers": [], "token": None, "requests": None, "fortunes": None},
        )
        state = database.state()
        self.assertEqual((state["token"], state["requests"], state["fortunes"]), ("none", [], []))
        plain.do("stop")
        self.fails("not-started", plain.do, "state")

    def test_configurations(self):
        good = {"host": HOST, "listenPort": self.base + 50, "type": TYPE, "nameService": [HOST, self.base]}
        wrong = [
            ("listenPort", 0), ("listenPort", 65536), ("listenPort", "1"), ("host", ""), ("host", "192.0.2.1"),
            ("type", "object"), ("type", ""), ("type", "x" * 101), ("type", None), ("nameService", [HOST]),
            ("nameService", HOST), ("nameService", [HOST, 0]), ("advertise", [HOST, "1"]), ("advertise", ["x" * 256, 1]),
            ("callTimeoutMs", 9), ("callTimeoutMs", 600001), ("callTimeoutMs", 10.5), ("acquireTimeoutMs", 0),
            ("lock", 1), ("fortunes", []), ("fortunes", "x"), ("seed", -1), ("seed", 2**32),
        ]  # fmt: skip
        for field, value in wrong:
            with self.subTest(field=field, value=value):
                self.fails("bad-config", self.shared.do, "start", node=5, role="peers.peer", config={**good, field: value})
        for fortunes in ([""], ["x" * 1001], ["x"] * 1001, [1]):
            config = {**good, "lock": True, "fortunes": fortunes}
            self.fails("bad-config", self.shared.do, "start", node=5, role="peers.peer", config=config)
        for field in ("listenPort", "type", "nameService"):
            config = {name: value for name, value in good.items() if name != field}
            self.fails("bad-config", self.shared.do, "start", node=5, role="peers.peer", config=config)
        for field, value in (("registrationsMax", 0), ("registrationsMax", 10001), ("checkTimeoutMs", 9)):
            config = {**good, field: value}
            self.fails("bad-config", self.shared.do, "start", node=5, role="peers.name-service", config=config)
        self.shared.do("start", node=5, role="peers.peer", config={**good, "type": "x" * 100, "unknown": 1})


class NameServiceTest(PeersBase):
    def register(self, service, seat, type=TYPE):
        return self.result(service, "register", type, [HOST, self.base + seat])

    def test_register_and_require(self):
        service = self.service()
        first, hash = self.register(service, 1)
        second, other = self.register(service, 2)
        self.assertGreaterEqual(first, 0)
        self.assertGreater(second, first)
        self.assertNotEqual(hash, other)
        addresses = [[HOST, self.base + 1], [HOST, self.base + 2]]
        self.assertEqual(self.result(service, "require_all", TYPE), [[first, addresses[0]], [second, addresses[1]]])
        self.assertEqual(self.result(service, "require_object", TYPE, second), addresses[1])
        seen = {tuple(self.result(service, "require_any", TYPE)) for _ in range(40)}
        self.assertEqual(seen, {tuple(address) for address in addresses})
        self.assertEqual(self.result(service, "require_all", "other"), [])
        self.error("LookupError", self.call(service, "require_any", "other"))
        self.error("LookupError", self.call(service, "require_object", "other", first))
        self.error("LookupError", self.call(service, "require_object", TYPE, second + 1))
        for type in ("__proto__", "constructor", "ünï\n\0", "\ud800"):
            self.assertEqual(self.result(service, "require_all", type), [])
            id, _ = self.register(service, 3, type)
            self.assertEqual(self.result(service, "require_all", type), [[id, [HOST, self.base + 3]]])
        self.assertEqual(
            service.state()["types"][TYPE],
            [{"id": first, "address": addresses[0]}, {"id": second, "address": addresses[1]}],
        )
        odd = ["Some.Host.Example", 65535]  # never looked up, never changed
        self.result(service, "register", "odd", odd)
        self.assertEqual(self.result(service, "require_any", "odd"), odd)

    def test_again(self):
        service = self.service(registrationsMax=2)
        first, hash = self.register(service, 1)
        self.register(service, 2)
        self.error("BusyError", self.call(service, "register", TYPE, [HOST, 1]))
        self.error("BusyError", self.call(service, "register", "other", [HOST, 1]))
        again, other = self.register(service, 1)
        self.assertGreater(again, first)
        self.assertNotIn(first, [id for id, _ in self.result(service, "require_all", TYPE)])
        self.error("ValueError", self.call(service, "unregister", first, TYPE, hash))
        self.error("ValueError", self.call(service, "unregister", again, TYPE, hash))
        self.error("ValueError", self.call(service, "unregister", again, "other", other))
        self.assertEqual(len(self.result(service, "require_all", TYPE)), 2)
        self.assertIsNone(self.result(service, "unregister", again, TYPE, other))
        self.error("ValueError", self.call(service, "unregister", again, TYPE, other))
        self.register(service, 3)

    def test_checks(self):
        service = self.service()
        # The ids are known only after the registration, the answers need them.
        ids = {}
        right = lambda name: lambda: {"result": [ids[name], TYPE]}
        answers = {
            "right": right("right"),
            "no id yet": lambda: {"result": [-1, TYPE]},
            "wrong id": lambda: {"result": [ids["wrong id"] + 100, TYPE]},
            "wrong type": lambda: {"result": [ids["wrong type"], "other"]},
            "bool": lambda: {"result": [True, TYPE]},
            "null": lambda: {"result": None},
            "error": lambda: ERROR,
            "rubbish": lambda: b"rubbish\n",
            "closes": lambda: CLOSE,
            "silent": lambda: SILENT,
        }
        played = {name: self.played(check=check) for name, check in answers.items()}
        for name, one in played.items():
            ids[name] = self.result(service, "register", TYPE, one.address)[0]
        ids["dead"] = self.register(service, 90)[0]
        other = self.played(check=lambda: SILENT)
        self.result(service, "register", "other", other.address)
        leaver = self.register(service, 91)
        began = time.monotonic()
        self.assertIsNone(self.result(service, "unregister", leaver[0], TYPE, leaver[1]))
        late = self.register(service, 92)[0]  # during the checks
        self.assertLess(time.monotonic() - began, 0.25, "it does not wait for the checks")
        expected = [ids["right"], ids["no id yet"], late]
        self.wait(lambda: [id for id, _ in self.result(service, "require_all", TYPE)] == expected, "drops")
        self.assertEqual([len(one.called("check")) for one in played.values()], [1] * len(played))
        self.assertEqual(other.called("check"), [])

    def test_rounds(self):
        service = self.service(checkTimeoutMs=2000)
        go = threading.Event()
        ids = []

        def check():
            go.wait(PATIENCE)
            return {"result": [ids[0], TYPE]}

        stays = self.played(check=check)
        ids.append(self.result(service, "register", TYPE, stays.address)[0])
        silent = [self.played(check=lambda: SILENT) for _ in range(20)]
        leavers = [self.result(service, "register", TYPE, one.address) for one in silent]
        for id, hash in leavers:
            self.result(service, "unregister", id, TYPE, hash)
        go.set()
        stays.await_call("check", 2)
        id, hash = self.register(service, 50)
        self.result(service, "unregister", id, TYPE, hash)
        stays.await_call("check", 3)
        self.assertEqual(len(stays.called("check")), 3)
        self.assertEqual(len(self.result(service, "require_all", TYPE)), 1)

    def test_many_at_once(self):
        service = self.service()
        wires = [self.connect_to(service.port) for _ in range(64)]
        for place, wire in enumerate(wires):
            wire.send(method="register", args=[TYPE, [HOST, 1000 + place]])
        ids = [wire.line()["result"][0] for wire in wires]
        self.assertEqual(len(set(ids)), 64)
        self.assertEqual([id for id, _ in self.result(service, "require_all", TYPE)], sorted(ids))


class ServerTest(PeersBase):
    GOOD = b'{"method":"check","args":[]}\n'

    def setUp(self):
        super().setUp()
        self.node = self.peer(lock=True, fortunes=["x"])
        self.right = {"result": [-1, TYPE]}

    def test_malformed(self):
        wire = self.connect_to(self.node.port)
        wrong = [
            b"", b"x", b"[]", b"null", b"7", b'"check"', b"\xff", b"{", b"{}", b'{"method":"check"}', b'{"args":[]}',
            b'{"method":7,"args":[]}', b'{"method":null,"args":[]}', b'{"method":"check","args":{}}',
            b'{"method":"check","args":null}', b'{"method":"check","args":[]}}', b'{"method":"check","args":[NaN]}',
            b'{"method":"check","args":[],"args":[]}', b'{"method":"check","args":' + b"[" * 30000,
            b'{"method":"check","args":' + b"[" * 3000 + b"]" * 3000 + b"}", b"\xef\xbb\xbf" + self.GOOD.strip(),
        ]  # fmt: skip
        for line in wrong:
            with self.subTest(line=line[:60]):
                wire.sock.sendall(line + b"\n")
                self.error("ProtocolError", wire.line())
        wire.sock.sendall(b'{"method":"check","params":[]}\n')
        self.assertIn("args", self.error("ProtocolError", wire.line()))
        wire.sock.sendall(self.GOOD)
        self.assertEqual(wire.line(), self.right)

    def test_unknown_methods_and_wrong_arguments(self):
        for name in ("destroy", "start", "stop", "__class__", "__init__", "_check", "list", "call", "", "register", "require_all"):
            self.assertIn(name, self.error("AttributeError", self.call(self.node, name)))
        plain = self.peer()
        for name in ("request_token", "obtain_token", "read", "write", "write_local", "read_all"):
            self.error("AttributeError", self.call(plain, name))
        wrong = [
            ("check", [1]), ("register_peer", []), ("register_peer", [1]), ("register_peer", ["1", [HOST, 1]]),
            ("register_peer", [1, HOST]), ("register_peer", [1, [HOST, 0]]), ("register_peer", [1, [HOST, 65536]]),
            ("register_peer", [1, ["", 1]]), ("register_peer", [1, [HOST, 1, 2]]), ("register_peer", [True, [HOST, 1]]),
            ("register_peer", [-1, [HOST, 1]]), ("register_peer", [2**53, [HOST, 1]]), ("register_peer", [1.5, [HOST, 1]]),
            ("unregister_peer", [None]), ("display_peers", [1]), ("print_message", [1]), ("print_message", [1, 2]),
            ("print_message", ["1", "x"]), ("print_message", [1, "x", 3]), ("request_token", [1]), ("request_token", [-1, 1]),
            ("obtain_token", []), ("obtain_token", [{}]), ("obtain_token", [[1, 2]]), ("obtain_token", [[[1, "2"]]]),
            ("read", [1]), ("write", [""]), ("write", ["x" * 1001]), ("write", [7]), ("write_local", []), ("read_all", [1]),
        ]  # fmt: skip
        before = self.node.state()
        for name, args in wrong:
            with self.subTest(name=name, args=args):
                self.error("TypeError", self.call(self.node, name, *args))
        self.assertEqual(self.node.state(), before)
        self.assertEqual(self.node.events(), [])

    def test_pieces(self):
        wire = self.connect_to(self.node.port)
        for byte in self.GOOD.replace(b"\n", b"\r\n"):
            wire.sock.sendall(bytes([byte]))
        self.assertEqual(wire.line(), self.right)
        wire.sock.sendall(self.GOOD * 50 + b'{"x":1,' + self.GOOD[1:] + self.GOOD[:-3])
        wire.sock.shutdown(socket.SHUT_WR)
        for _ in range(51):
            self.assertEqual(wire.line(), self.right)
        self.assertIsNone(wire.line())

    def test_length(self):
        longest = b'{"method":"check","args":[],"x":"' + b"x" * (65536 - 35) + b'"}'
        self.assertEqual(len(longest), 65536)
        self.assertEqual(self.raw(self.node, longest + b"\r\n").line(), self.right)
        wire = self.raw(self.node, longest[:-2] + b'x"}\n')
        self.error("ProtocolError", wire.line())
        self.assertIsNone(wire.line())
        wire = self.connect_to(self.node.port)
        try:
            wire.sock.sendall(b"x" * 1000000)
        except OSError:
            pass
        self.error("ProtocolError", wire.line())

    def test_callers_that_do_not_wait(self):
        node = self.peer()
        for id in range(30):
            wire = self.connect_to(node.port)
            wire.send(method="register_peer", args=[id, [HOST, 1 + id]])
            if id % 3 == 0:
                wire.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # resets
            wire.close()
        node.until("peers", [{"id": id, "address": [HOST, 1 + id]} for id in range(30)])
        wire = self.raw(node, b'{"method":"unregister_peer","args":[0]}\n' * 3 + b'{"method":"unregister_peer","args":[1]}', True)
        self.assertEqual(wire.line(), {"result": None})
        self.assertEqual(self.error("Exception", wire.line()), "No peer with id: '0'")
        self.error("Exception", wire.line())
        self.assertIsNone(wire.line())
        self.assertIn(1, self.ids(node))  # its line was cut

    def test_many_connections(self):
        wires = [self.connect_to(self.node.port) for _ in range(300)]
        for wire in wires[-100:]:
            wire.sock.sendall(self.GOOD[:10])
        self.assertEqual(self.call(self.node, "check"), self.right)
        for wire in wires[-100:]:
            wire.sock.sendall(self.GOOD[10:])
        for wire in wires[-100:]:
            self.assertEqual(wire.line(), self.right)

    def test_readers_that_do_not_read(self):
        self.service()
        node = self.joined(lock=True, fortunes=[], type="other")
        line = json.dumps({"method": "write_local", "args": ["\U0001f600" * 1000]}).encode() + b"\n"
        for _ in range(10):
            wire = self.raw(node, line * 90)
            self.assertEqual([wire.line() for _ in range(90)], [{"result": None}] * 90)
            wire.close()
        for _ in range(60):  # of answers of 3.6 MB each
            wire = self.connect_to(node.port)
            wire.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            wire.sock.sendall(b'{"method":"read_all","args":[]}\n' * 4)
            self.assertEqual(self.result(node, "check"), [node.id, "other"])
        self.assertEqual(len(self.result(node, "read_all")), 900)
        self.assertLess(self.shared.memory(), 120 * 1024 * 1024)


class CallerTest(PeersBase):
    def command(self, node, address, method="m", args=()):
        return node.do("call", address=address, method=method, args=list(args))

    def test_answers(self):
        node = self.peer()
        answers = iter([])
        other = self.played(m=lambda *args: next(answers))
        for value in (None, False, 0, "", [], {}, {"error": 1}, 1.5, "é\ud800", 2**53 - 1, "x" * 200000):
            answers = iter([{"result": value}])
            self.assertEqual(self.command(node, other.address), {"result": value})
        answers = iter([{"result": 1, "more": 2}])
        self.assertEqual(self.command(node, other.address), {"result": 1})
        answers = iter([ERROR])
        self.assertEqual(self.command(node, other.address), ERROR)
        args = [1, "two", None, {"a": [1.5, True]}, "é"]
        answers = iter([{"result": 1}])
        self.command(node, other.address, args=args)
        self.assertEqual(other.called("m")[-1], tuple(args))
        self.wait(lambda: getattr(other, "rest", None) == b"", "the caller closes")
        for answer in (
            b"\n", b"x\n", b"[]\n", b"{}\n", b"null\n", b'{"result":1,"error":{"name":"X","args":[]}}\n', b'{"error":null}\n',
            b'{"error":{"name":"X"}}\n', b'{"error":{"name":1,"args":[]}}\n', b'{"error":{"name":"X","args":{}}}\n', b"\xff\n",
        ):  # fmt: skip
            answers = iter([answer])
            self.fails("bad-answer", self.command, node, other.address)
        answers = iter([CLOSE, b'{"result":', SILENT])
        self.fails("unreachable", self.command, node, other.address)
        seq = node.ask("call", address=other.address, method="m", args=[])
        other.await_call("m", len(other.calls))
        self.fails("timeout", self.command, node, other.address)
        self.assertEqual(self.shared.reply(seq)["error"]["code"], "timeout")
        other.die()
        self.fails("unreachable", self.command, node, other.address)
        self.fails("unreachable", self.command, node, ["192.0.2.1", 80])
        self.fails("unreachable", self.command, node, ["host.invalid", 80])

    def test_longest_answer(self):
        node = self.peer(callTimeoutMs=10000)
        longest = b'{"result":0,"x":"' + b"x" * (8388608 - 19) + b'"}'
        self.assertEqual(len(longest), 8388608)
        other = self.played(m=lambda: longest + b"\n", n=lambda: longest + b" \n", o=lambda: b"x" * 9000000)
        self.assertEqual(self.command(node, other.address), {"result": 0})
        self.fails("bad-answer", self.command, node, other.address, "n")
        self.fails("bad-answer", self.command, node, other.address, "o")
        deep = b'{"result":' + b"[]," * 10 + b"[" * 4000000
        other.handlers["p"] = lambda: deep + b"\n"
        self.fails("bad-answer", self.command, node, other.address, "p")

    def test_serves_while_it_waits(self):
        node = self.peer(callTimeoutMs=5000)
        other = self.played(m=lambda: SILENT)
        for _ in range(300):
            node.ask("call", address=other.address, method="m", args=[])
        other.await_call("m", 256)
        self.assertEqual(self.result(node, "check"), [-1, TYPE])
        self.assertEqual(len(other.calls), 256)


class JoinTest(PeersBase):
    def test_calls_lower_ids_only(self):
        lower, dead, odd, higher = self.played(), self.played(), self.played(), self.played()
        odd.handlers["register_peer"] = lambda *args: ERROR
        dead.die()
        service = self.played_service([(3, dead), (4, lower), (5, odd), (12, higher), (10, higher)])
        node = self.peer()
        self.assertEqual(service.calls, [])
        result = node.do("join")
        self.assertEqual(result, {"id": 10, "peers": [{"id": 4, "address": lower.address}]})
        own = [HOST, node.port]
        self.assertEqual(service.calls, [("register", TYPE, own), ("require_all", TYPE)])
        self.assertEqual((lower.calls, odd.calls, higher.calls), ([("register_peer", 10, own)], [("register_peer", 10, own)], []))
        self.assertEqual(node.events(), [])
        self.fails("already-joined", node.do, "join")
        node.do("stop")
        self.assertEqual(service.calls[2:], [("unregister", 10, TYPE, "secret")])
        self.assertEqual(lower.calls[1:], [("unregister_peer", 10)])
        self.assertEqual((len(odd.calls), higher.calls), (1, []))

    def test_answers_meanwhile(self):
        go = threading.Event()

        def slow(answer):
            def handler(*args):
                go.wait(PATIENCE)
                return {"result": answer}

            return handler

        lower = self.played(register_peer=slow(None))
        leaver = self.played(register_peer=slow(None))
        service = self.played_service([(4, lower), (5, leaver)], advertise=None)
        node = self.peer(advertise=["Some.Name", 1234])
        seq = node.ask("join")
        lower.await_call("register_peer")
        leaver.await_call("register_peer")
        self.assertEqual(service.called("register"), [(TYPE, ["Some.Name", 1234])])
        self.assertEqual(self.result(node, "check"), [10, TYPE])
        self.result(node, "register_peer", 12, [HOST, 1])
        self.error("ValueError", self.call(node, "register_peer", 10, [HOST, 1]))
        self.error("Exception", self.call(node, "unregister_peer", 5))
        self.fails("already-joined", node.do, "join")
        self.assertEqual(self.ids(node), [12])
        go.set()
        self.assertEqual([peer["id"] for peer in self.shared.reply(seq)["result"]["peers"]], [4, 12])

    def test_refused(self):
        node = self.peer()
        self.fails("unreachable", node.do, "join")
        answers = {}
        service = Played(
            self, self.base, register=lambda *args: answers["register"], require_all=lambda type: answers["require_all"]
        )
        right = {"result": [3, "secret"]}
        for answer, code in (
            (ERROR, "refused"), (CLOSE, "unreachable"), (SILENT, "timeout"), ({"result": None}, "bad-answer"),
            ({"result": [-1, "secret"]}, "bad-answer"), ({"result": [3, 4]}, "bad-answer"), ({"result": ["3", "x"]}, "bad-answer"),
        ):  # fmt: skip
            with self.subTest(answer=answer):
                answers["register"] = answer
                self.fails(code, node.do, "join")
                self.assertEqual(node.state()["id"], -1)
                self.assertEqual(service.called("unregister"), [])
        answers["register"] = right
        for count, (answer, code) in enumerate(
            ((ERROR, "refused"), (CLOSE, "unreachable"), ({"result": {}}, "bad-answer"), ({"result": [[1, 2]]}, "bad-answer")), 1
        ):
            answers["require_all"] = answer
            self.fails(code, node.do, "join")
            self.assertEqual(service.called("unregister"), [(3, TYPE, "secret")] * count)
            self.assertEqual(node.state()["id"], -1)
        answers["require_all"] = {"result": []}
        self.assertEqual(node.do("join"), {"id": 3, "peers": []})

    def test_stop_in_the_middle(self):
        go = threading.Event()

        def register(type, address):
            go.wait(PATIENCE)
            return {"result": [10, "secret"]}

        service = self.played_service(register=register)
        node = self.peer()
        join, stop = node.ask("join"), node.ask("stop")
        again = node.ask("stop")
        service.await_call("register")
        self.error("LeavingError", self.call(node, "register_peer", 11, [HOST, 1]))
        go.set()
        self.assertEqual(self.shared.reply(join)["error"]["code"], "not-started")
        self.assertTrue(self.shared.reply(stop)["ok"] and self.shared.reply(again)["ok"])
        self.assertEqual([call[0] for call in service.calls], ["register", "unregister"])

    def test_stop_waits_for_its_own_registrations(self):
        go = threading.Event()

        def register_peer(*args):
            go.wait(PATIENCE)
            return {"result": None}

        lower = self.played(register_peer=register_peer)
        service = self.played_service([(4, lower)])
        node = self.peer()
        node.ask("join")
        lower.await_call("register_peer")
        stop = node.ask("stop")
        service.await_call("unregister")
        go.set()
        self.assertTrue(self.shared.reply(stop)["ok"])
        self.assertEqual([call[0] for call in lower.calls], ["register_peer", "unregister_peer"])

    def test_fifty_at_once(self):
        for lock in (False, True):
            self.shared = self.child()
            self.base = free_base(100)
            self._seats = 0
            self.service()
            nodes = [self.peer(lock=lock, callTimeoutMs=10000) for _ in range(50)]
            seqs = [node.ask("join") for node in nodes]
            replies = [self.shared.reply(seq) for seq in seqs]
            self.assertTrue(all(reply["ok"] for reply in replies))
            everybody = sorted(reply["result"]["id"] for reply in replies)
            for node, reply in zip(nodes, replies):
                self.assertEqual(self.ids(node), [id for id in everybody if id != reply["result"]["id"]])
            if lock:
                tokens = [node.state()["token"] for node in nodes]
                self.assertEqual(sorted(tokens), ["none"] * 49 + ["present"])
            seqs = [node.ask("stop") for node in nodes]
            self.assertTrue(all(self.shared.reply(seq)["ok"] for seq in seqs))


class ListTest(PeersBase):
    def test_coming_and_going(self):
        self.service()
        node = self.joined()
        other, third = self.played(), self.played()
        self.assertIsNone(self.result(node, "register_peer", 40, [HOST, 1]))
        self.assertIsNone(self.result(node, "register_peer", 30, other.address))
        self.assertIsNone(self.result(node, "register_peer", 40, third.address))
        self.error("ValueError", self.call(node, "register_peer", node.id, other.address))
        self.assertIsNone(self.result(node, "display_peers"))
        listed = [{"id": 30, "address": other.address}, {"id": 40, "address": third.address}]
        self.assertEqual(node.state()["peers"], listed)
        self.assertEqual(self.result(node, "unregister_peer", 30), None)
        self.assertEqual(self.error("Exception", self.call(node, "unregister_peer", 30)), "No peer with id: '30'")
        node.until_event("left", id=30)
        events = [(event["event"], event.get("id")) for event in node.events()]
        self.assertEqual(events, [("joined", 40), ("joined", 30), ("display", None), ("left", 30)])
        self.assertEqual(node.events("display")[0]["peers"], listed)

    def test_one_address(self):
        self.service()
        node = self.joined()
        self.assertIsNone(self.result(node, "register_peer", 30, [HOST, 1]))
        self.assertIsNone(self.result(node, "register_peer", 40, [HOST, 1]))
        node.until_event("left", id=30)
        self.error("ValueError", self.call(node, "register_peer", 30, [HOST, 1]))
        self.assertEqual(self.ids(node), [40])
        self.assertIsNone(self.result(node, "register_peer", 40, [HOST, 2]))
        self.assertIsNone(self.result(node, "register_peer", 30, [HOST, 1]))
        self.assertEqual(self.ids(node), [30, 40])

    def test_messages(self):
        self.service()
        one, two = self.joined(), self.joined()
        for text in ("", "  blanks  ", 'quotes "\\', "two\nlines\r\n", "ünï\u2028\U0001f600\0", "\ud800", "漢" * 20000):
            one.do("send", to=two.id, text=text)
            self.assertEqual(two.events("message")[-1], {"event": "message", "node": 2, "from": one.id, "text": text})
        self.fails("refused", one.do, "send", to=two.id, text="漢" * 22000)
        self.fails("not-found", one.do, "send", to=one.id, text="x")
        self.fails("not-found", one.do, "send", to=77, text="x")
        self.assertIsNone(self.result(one, "print_message", 1234, "a stranger"))
        one.until_event("message", **{"from": 1234, "text": "a stranger"})
        self.assertEqual(two.events("joined"), [])
        one.until_event("joined", id=two.id)
        two.do("stop")
        one.until_event("left", id=two.id)

    def test_the_dead_leave(self):
        self.service()
        node = self.joined()
        answers = {20: CLOSE, 21: SILENT, 22: ERROR, 23: b"rubbish\n"}
        for id, answer in answers.items():
            self.result(node, "register_peer", id, self.played(print_message=lambda *args, answer=answer: answer).address)
        self.result(node, "register_peer", 24, [HOST, self.base + 99])
        for id, code in ((20, "unreachable"), (21, "timeout"), (22, "refused"), (23, "bad-answer"), (24, "unreachable")):
            self.fails(code, node.do, "send", to=id, text="x")
        self.assertEqual(self.ids(node), [22, 23])
        self.assertEqual([event["id"] for event in node.events("left")], [20, 21, 24])

    def test_bound(self):
        node = self.peer()
        for first in range(0, 10000, 500):
            lines = b"".join(
                json.dumps({"method": "register_peer", "args": [id, [HOST, 1 + id]]}).encode() + b"\n"
                for id in range(first, first + 500)
            )
            wire = self.raw(node, lines)
            self.assertEqual([wire.line() for _ in range(500)], [{"result": None}] * 500)
            wire.close()
        self.error("BusyError", self.call(node, "register_peer", 10000, [HOST, 10001]))
        self.assertIsNone(self.result(node, "register_peer", 5, [HOST, 10002]))
        self.assertIsNone(self.result(node, "unregister_peer", 6))
        self.assertIsNone(self.result(node, "register_peer", 10000, [HOST, 10001]))

    def test_leave(self):
        go = threading.Event()

        def unregister(*args):
            go.wait(PATIENCE)
            return {"result": None}

        dead, odd, right = self.played(), self.played(unregister_peer=lambda id: ERROR), self.played()
        service = self.played_service([(1, dead), (2, odd), (3, right)], unregister=unregister)
        node = self.peer()
        node.do("join")
        dead.die()
        stop = node.ask("stop")
        service.await_call("unregister")
        self.assertEqual(right.called("unregister_peer"), [])
        self.error("LeavingError", self.call(node, "register_peer", 11, [HOST, 1]))
        self.fails("not-started", node.do, "join")
        go.set()
        self.assertTrue(self.shared.reply(stop)["ok"])
        self.assertEqual((right.called("unregister_peer"), odd.called("unregister_peer")), ([(10,)], [(10,)]))
        self.assertEqual(len(service.calls), 3)


class LockTest(PeersBase):
    def trio(self, **config):
        self.service()
        return [self.joined(lock=True, **config) for _ in range(3)]

    def tokens(self, *nodes):
        return [node.state()["token"] for node in nodes]

    def test_three_in_turn(self):
        nodes = one, two, three = self.trio()
        self.assertEqual(self.tokens(*nodes), ["present", "none", "none"])
        two.do("acquire")
        self.assertEqual(self.tokens(*nodes), ["none", "held", "none"])
        self.fails("busy", two.do, "acquire")
        self.fails("not-held", one.do, "release")
        waiting = {node.id: node.ask("acquire") for node in (one, three)}
        self.fails("busy", one.do, "acquire")
        self.wait(lambda: two.state()["requests"] == [[one.id, 1], [three.id, 1]], "requests")
        two.do("release")
        again = two.ask("acquire")
        self.assertTrue(self.shared.reply(waiting[three.id])["ok"])
        self.wait(lambda: [two.id, 2] in three.state()["requests"], "the request of 2")
        self.assertNotIn(again, self.shared.replies)
        self.assertNotIn(waiting[one.id], self.shared.replies)
        three.do("release")
        self.assertTrue(self.shared.reply(waiting[one.id])["ok"])
        self.assertNotIn(again, self.shared.replies)
        one.do("release")
        self.assertTrue(self.shared.reply(again)["ok"])
        two.do("release")
        self.assertEqual(self.tokens(*nodes), ["none", "present", "none"])

    def test_only_one_at_a_time(self):
        nodes = self.trio()
        waiting = {}
        served = {node.id: 0 for node in nodes}
        for _ in range(60):
            for node in nodes:
                if node.id not in waiting:
                    waiting[node.id] = node.ask("acquire")
            self.wait(lambda: any(seq in self.shared.replies for seq in waiting.values()), "somebody is served")
            held = [node for node in nodes if waiting[node.id] in self.shared.replies]
            self.assertEqual(len(held), 1)
            del waiting[held[0].id]
            served[held[0].id] += 1
            held[0].do("release")
        self.assertLessEqual(max(served.values()) - min(served.values()), 2)

    def wired(self, higher=(), **config):
        """A peer with id 10 that has made the token, and these played peers in its list."""
        service = self.played_service()
        node = self.joined(lock=True, **config)
        for id, played in higher:
            self.result(node, "register_peer", id, played.address)
        return service, node

    def test_idle_and_order_by_wire(self):
        nine, twelve, fourteen = self.played(), self.played(), self.played()
        _, node = self.wired([(14, fourteen), (9, nine), (12, twelve)])
        self.assertIsNone(self.result(node, "request_token", 0, 12))  # never asked
        self.assertEqual(self.tokens(node), ["present"])
        node.do("acquire")
        for id, time_ in ((9, 3), (14, 2), (9, 1)):
            self.assertIsNone(self.result(node, "request_token", time_, id))
        self.assertEqual(node.state()["requests"], [[9, 3], [14, 2]])
        node.do("release")
        token = dict(fourteen.await_call("obtain_token")[0])
        self.assertEqual(token, {10: 1, 9: 0, 12: 0, 14: 0})
        self.assertEqual((nine.calls, twelve.calls), ([], []))
        seq = node.ask("acquire")
        for one in (nine, twelve, fourteen):
            self.assertEqual(one.await_call("request_token"), (2, 10))
        self.result(node, "request_token", 9, 12)
        self.assertIsNone(self.result(node, "obtain_token", [[14, 2], [9, 0], [77, 5], [10, 1]]))
        self.assertTrue(self.shared.reply(seq)["ok"])
        node.do("release")
        self.assertEqual(dict(twelve.await_call("obtain_token")[0]), {10: 2, 14: 2, 9: 0, 12: 0})
        # Comes back unwanted: 14 and 12 are served, 9 is not.
        self.result(node, "obtain_token", [[14, 2], [9, 0], [12, 9], [10, 2]])
        nine.await_call("obtain_token")
        self.result(node, "obtain_token", [[14, 2], [9, 3], [12, 9], [10, 2]])
        self.result(node, "request_token", 2, 14)
        self.assertEqual(self.tokens(node), ["present"])
        states = [event["token"] for event in node.events("token")]
        self.assertEqual(states[:4], ["present", "held", "present", "none"])

    def test_those_who_cannot_take_it(self):
        dead, odd, right = self.played(), self.played(obtain_token=lambda token: ERROR), self.played()
        _, node = self.wired([(11, dead), (12, odd), (9, right)])
        node.do("acquire")
        for id in (9, 11, 12):
            self.result(node, "request_token", 1, id)
        dead.die()
        node.do("release")
        self.assertEqual(dict(right.await_call("obtain_token")[0]), {10: 1, 12: 0, 9: 0})
        self.assertEqual(self.ids(node), [9, 12])
        self.assertEqual(len(odd.called("obtain_token")), 1)
        # Nobody takes it while this peer waits for it itself.
        self.result(node, "obtain_token", [[9, 1], [10, 1]])
        right.handlers["obtain_token"] = lambda token: ERROR
        self.result(node, "request_token", 5, 9)
        right.await_call("obtain_token", 2)
        node.do("acquire")
        self.assertEqual(self.tokens(node), ["held"])

    def test_timeout_and_late_token(self):
        other = self.played()
        _, node = self.wired([(12, other)], acquireTimeoutMs=100)
        self.result(node, "request_token", 1, 12)
        other.await_call("obtain_token")
        self.fails("timeout", node.do, "acquire")
        self.fails("timeout", node.do, "acquire")
        self.assertEqual(other.called("request_token"), [(1, 10), (2, 10)])
        self.result(node, "obtain_token", [[12, 1], [10, 0]])
        self.assertEqual(self.tokens(node), ["present"])
        self.result(node, "request_token", 2, 12)
        self.assertEqual(dict(other.await_call("obtain_token", 2)[0]), {12: 1, 10: 2})  # as if released

    def test_newcomers_are_asked(self):
        other, newcomer = self.played(), self.played()
        _, node = self.wired([(12, other)])
        self.result(node, "request_token", 1, 12)
        other.await_call("obtain_token")
        node.ask("acquire")
        other.await_call("request_token")
        self.result(node, "register_peer", 13, newcomer.address)
        self.assertEqual(newcomer.await_call("request_token"), (1, 10))
        self.result(node, "request_token", 4, 15)  # early
        self.result(node, "obtain_token", [[12, 1]])
        node.do("release")
        fifteen = self.played()
        self.result(node, "register_peer", 15, fifteen.address)
        fifteen.await_call("obtain_token")

    def test_joiners_wait(self):
        go = threading.Event()

        def register_peer(*args):
            go.wait(PATIENCE)
            return {"result": None}

        lower = self.played(register_peer=register_peer)
        self.played_service([(4, lower)])
        node = self.peer(lock=True, callTimeoutMs=5000)
        self.error("NotReadyError", self.call(node, "register_peer", 12, [HOST, 1]))
        self.error("NotReadyError", self.call(node, "request_token", 1, 12))
        self.error("NotReadyError", self.call(node, "obtain_token", []))
        join = node.ask("join")
        lower.await_call("register_peer")
        wire = self.raw(node, b'{"method":"register_peer","args":[12,["%s",1]]}\n{"method":"check","args":[]}\n' % HOST.encode())
        self.assertEqual(self.result(node, "check"), [10, TYPE])
        wire.sock.settimeout(0.1)
        with self.assertRaises(socket.timeout):
            wire.sock.recv(1)
        wire = self.raw(node, b'{"method":"register_peer","args":[13,["%s",2]]}\n{"method":"check","args":[]}\n' % HOST.encode())
        # Only when both have been heard is it sure that both wait.
        node.until("peers", [{"id": 12, "address": [HOST, 1]}, {"id": 13, "address": [HOST, 2]}])
        go.set()
        self.assertEqual((wire.line(), wire.line()), ({"result": None}, {"result": [10, TYPE]}))
        self.assertEqual([peer["id"] for peer in self.shared.reply(join)["result"]["peers"]], [4, 12, 13])
        self.assertEqual(self.tokens(node), ["none"])

    def test_a_waiting_peer_is_not_dead(self):
        answers = iter([SILENT, SILENT, {"result": None}])
        waiting = self.played(register_peer=lambda *args: next(answers))
        silent = self.played(register_peer=lambda *args: SILENT, check=lambda: SILENT)
        self.played_service([(3, silent), (4, waiting)])
        node = self.peer(lock=True, callTimeoutMs=150)
        self.assertEqual([peer["id"] for peer in node.do("join")["peers"]], [4])
        self.assertEqual([call[0] for call in waiting.calls], ["register_peer", "check"] * 2 + ["register_peer"])
        self.assertEqual([call[0] for call in silent.calls], ["register_peer", "check"])
        self.assertEqual(self.tokens(node), ["none"])

    def test_the_token_is_handed_over(self):
        nodes = one, two, three = self.trio()
        one.do("acquire")
        seq = three.ask("acquire")
        self.wait(lambda: one.state()["requests"], "the request")
        one.do("stop")
        self.assertTrue(self.shared.reply(seq)["ok"])
        three.do("release")
        three.do("stop")
        self.assertEqual(self.tokens(two), ["present"])
        two.do("stop")
        four = self.joined(lock=True)
        self.assertEqual(self.tokens(four), ["present"])

    def test_candidates_by_wire(self):
        joining, refuses, asks = self.played(), self.played(obtain_token=lambda token: ERROR), self.played()
        go = threading.Event()
        joining.handlers["obtain_token"] = lambda token: go.wait(PATIENCE) and ERROR
        service, node = self.wired([(11, refuses), (12, asks)])
        order = []
        service.handlers["require_all"] = lambda type: {"result": [[10, [HOST, 1]], [11, refuses.address], [40, joining.address]]}
        service.handlers["unregister"] = lambda *args: order.append("unregister") or {"result": None}
        asks.handlers["obtain_token"] = lambda token: order.append("token") or {"result": None}
        node.do("acquire")
        self.result(node, "request_token", 1, 12)
        stop = node.ask("stop")
        self.assertEqual(dict(joining.await_call("obtain_token")[0]), {10: 0, 11: 0, 12: 0})
        self.error("LeavingError", self.call(node, "obtain_token", []))
        wire = self.raw(node, b'{"method":"register_peer","args":[40,["%s",1]]}\n' % HOST.encode())
        self.assertEqual(self.result(node, "check"), [10, TYPE])
        go.set()
        self.error("LeavingError", wire.line())
        self.assertTrue(self.shared.reply(stop)["ok"])
        self.assertEqual(order, ["token", "unregister"])
        self.assertEqual(refuses.called("obtain_token"), [])

    def test_a_pass_under_way_at_stop(self):
        go = threading.Event()
        first, second = self.played(), self.played()
        first.handlers["obtain_token"] = lambda token: go.wait(PATIENCE) and ERROR
        service, node = self.wired([(11, first), (12, second)])
        self.result(node, "request_token", 1, 11)
        first.await_call("obtain_token")
        stop = node.ask("stop")
        self.assertEqual(self.result(node, "check"), [10, TYPE])
        self.assertEqual(service.called("unregister"), [])
        go.set()
        second.await_call("obtain_token")
        self.assertTrue(self.shared.reply(stop)["ok"])

    def test_a_second_token_becomes_one(self):
        other = self.played()
        _, node = self.wired([(12, other)])
        node.do("acquire")
        self.assertIsNone(self.result(node, "obtain_token", [[12, 7]]))
        self.assertEqual(self.tokens(node), ["held"])
        self.result(node, "request_token", 7, 12)
        node.do("release")
        self.assertEqual(self.tokens(node), ["present"])
        self.result(node, "request_token", 8, 12)
        self.assertEqual(dict(other.await_call("obtain_token")[0]), {10: 1, 12: 7})


class DatabaseTest(PeersBase):
    def fortunes(self, node):
        return node.state()["fortunes"]

    def test_write_read_and_catch_up(self):
        self.service()
        one = self.joined(lock=True, fortunes=["start"])
        two = self.joined(lock=True, fortunes=["its own"])
        self.assertEqual(self.fortunes(two), ["start"])
        two.do("write", fortune="a")
        self.assertIsNone(self.result(one, "write", "a"))
        three = self.joined(lock=True, fortunes=[])
        self.assertEqual(self.result(three, "read_all"), ["start", "a", "a"])
        plain = self.joined(lock=True)
        three.do("write", fortune="b")
        for node in (one, two, three):
            self.assertEqual(self.fortunes(node), ["start", "a", "a", "b"])
        self.assertIsNone(self.fortunes(plain))
        self.assertEqual({one.do("read")["fortune"] for _ in range(60)}, {"start", "a", "b"})
        self.assertEqual({self.result(one, "read") for _ in range(60)}, {"start", "a", "b"})
        self.assertIsNone(self.peer(lock=True, fortunes=[], type="x").do("read")["fortune"])

    def test_many_writers(self):
        self.service()
        nodes = [self.joined(lock=True, fortunes=[], acquireTimeoutMs=15000) for _ in range(4)]
        seqs = [node.ask("write", fortune="%d/%d" % (node.id, place)) for place in range(15) for node in nodes]
        late = self.peer(lock=True, fortunes=["gone"])
        join = late.ask("join")
        self.assertTrue(all(self.shared.reply(seq)["ok"] for seq in seqs))
        self.assertTrue(self.shared.reply(join)["ok"])
        copies = [self.fortunes(node) for node in [*nodes, late]]
        self.assertEqual(copies, [copies[0]] * 5)
        self.assertEqual(len(copies[0]), 60)
        for node in nodes:
            own = [text for text in copies[0] if text.startswith("%d/" % node.id)]
            self.assertEqual(own, ["%d/%d" % (node.id, place) for place in range(15)])

    def test_lock_of_the_user_and_queue(self):
        self.service()
        node = self.joined(lock=True, fortunes=[], acquireTimeoutMs=600)
        other = self.played()
        self.result(node, "register_peer", 50, other.address)
        node.do("acquire")
        seqs = [node.ask("write", fortune="%d" % place) for place in range(101)]
        self.fails("busy", node.do, "write", fortune="too much")
        self.error("BusyError", self.call(node, "write", "too much"))
        self.fails("busy", node.do, "acquire")
        self.assertEqual(self.fortunes(node), [])
        node.do("release")
        self.assertTrue(all(self.shared.reply(seq)["ok"] for seq in seqs))
        self.assertEqual(other.called("write_local"), [("%d" % place,) for place in range(101)])
        node.do("acquire")
        self.fails("timeout", node.do, "write", fortune="x")
        self.error("TimeoutError", self.call(node, "write", "x"))
        self.assertEqual(len(other.called("write_local")), 101)
        node.do("release")
        go = threading.Event()
        other.handlers["write_local"] = lambda fortune: go.wait(PATIENCE) and {"result": None}
        seq = node.ask("write", fortune="x")
        other.await_call("write_local", 102)
        self.fails("not-held", node.do, "release")
        self.fails("busy", node.do, "acquire")
        self.assertEqual(node.state()["token"], "held")
        waits = node.ask("write", fortune="never")
        stop = node.ask("stop")
        self.error("LeavingError", self.call(node, "write", "y"))
        self.assertEqual(self.shared.reply(waits)["error"]["code"], "not-started")
        go.set()
        self.assertTrue(self.shared.reply(seq)["ok"])
        self.assertTrue(self.shared.reply(stop)["ok"])
        self.assertEqual([call[0] for call in other.calls[-2:]], ["obtain_token", "unregister_peer"])

    def test_not_ready(self):
        gives, lacks = self.played(read_all=lambda: {"result": ["a", "b"]}), self.played(read_all=lambda: ERROR)
        wrong = self.played(read_all=lambda: {"result": [""]})
        self.played_service([(3, wrong), (4, lacks), (5, gives)])
        node = self.peer(lock=True, fortunes=["own"])
        self.error("NotReadyError", self.call(node, "read_all"))
        self.error("NotReadyError", self.call(node, "write", "x"))
        self.assertEqual(self.result(node, "read"), "own")
        join = node.ask("join")
        gives.await_call("request_token")
        self.error("NotReadyError", self.call(node, "read_all"))
        self.error("NotReadyError", self.call(node, "write", "x"))
        self.assertIsNone(self.result(node, "write_local", "x"))
        self.fails("not-joined", node.do, "write", fortune="x")
        self.result(node, "obtain_token", [])
        self.assertTrue(self.shared.reply(join)["ok"])
        self.assertEqual(self.fortunes(node), ["a", "b"])
        self.assertIsNone(self.result(node, "write_local", "c"))
        self.assertEqual(self.result(node, "read_all"), ["a", "b", "c"])
        self.assertEqual(len(wrong.called("read_all")), 1)

    def test_catch_up_without_the_lock(self):
        lower = self.played()
        service = self.played_service([(4, lower)])
        node = self.peer(lock=True, fortunes=["own"], acquireTimeoutMs=100)
        self.fails("timeout", node.do, "join")
        self.assertEqual(service.called("unregister"), [(10, TYPE, "secret")])
        self.assertEqual(lower.called("unregister_peer"), [(10,)])
        state = node.state()
        self.assertEqual((state["id"], state["peers"], state["fortunes"]), (-1, [], ["own"]))
        seq = node.ask("join")
        lower.await_call("request_token", 2)
        self.result(node, "obtain_token", [[4, 1]])
        self.assertTrue(self.shared.reply(seq)["ok"])

    def test_bounds_and_the_dead(self):
        self.service()
        node = self.joined(lock=True, fortunes=["x"] * 997)
        dead, odd, right = self.played(), self.played(write_local=lambda fortune: ERROR), self.played()
        for id, played in ((50, dead), (51, odd), (52, right)):
            self.result(node, "register_peer", id, played.address)
        dead.die()
        node.do("write", fortune="漢" * 1000)
        self.assertEqual(right.called("write_local"), [("漢" * 1000,)])
        self.assertEqual(self.ids(node), [51, 52])
        self.result(node, "write_local", "y")
        node.do("write", fortune="z")
        self.fails("busy", node.do, "write", fortune="x")
        self.error("BusyError", self.call(node, "write", "x"))
        self.error("BusyError", self.call(node, "write_local", "x"))
        self.assertEqual(len(self.fortunes(node)), 1000)
        self.assertEqual(len(right.called("write_local")), 2)


class Guest:
    """A peer in the churn: what it is doing, and the reply that it waits for."""

    def __init__(self, node):
        self.node = node
        self.doing = None
        self.seq = None

    def begin(self, command, **arguments):
        self.doing = command
        self.seq = self.node.ask(command, **arguments)


class ChurnTest(PeersBase):
    """Peers come, want the lock, write and leave at random. Whoever waits is served, never two have the lock, and in the end
    lists and copies agree and there is one token."""

    SECONDS = 3
    PRESENT_MAX = 8

    def test_churn(self):
        seed = random.randrange(1 << 32)
        with self.subTest(seed=seed):
            self.random = random.Random(seed)
            self.service()
            self.guests = []
            self.holder = None
            self.served = 0
            until = time.monotonic() + self.SECONDS
            while time.monotonic() < until:
                if len(self.guests) < self.PRESENT_MAX and self.random.random() < 0.5:
                    self.come()
                for guest in list(self.guests):
                    self.look(guest, may_begin=True)
                self.shared.pump(0.002)
            while any(guest.doing for guest in self.guests):
                for guest in list(self.guests):
                    self.look(guest, may_begin=False)
                self.shared.pump(0.002)
            self.assertGreater(self.served, 10)
            self.assertEqual(self.shared.errors(), "")
            self.wait(self.agree, "lists and copies agree, and there is one token")

    def come(self):
        port = self.base + 1 + self._seats % 250
        node = self.peer(lock=True, fortunes=[], callTimeoutMs=5000, acquireTimeoutMs=20000, listenPort=port)
        self.guests.append(Guest(node))
        self.guests[-1].begin("join")

    def look(self, guest, may_begin):
        if guest.doing and guest.doing != "hold":
            reply = self.shared.replies.get(guest.seq)
            if reply:
                self.assertTrue(reply["ok"], (guest.doing, reply))
                self.ended(guest)
        elif guest.doing == "hold":
            if self.random.random() < 0.5:
                self.holder = None
                guest.begin("stop" if may_begin and self.random.random() < 0.1 else "release")
        elif may_begin:
            chance = self.random.random()
            if chance < 0.1:
                guest.begin("stop")
            elif chance < 0.4:
                guest.begin("write", fortune=str(chance))
            elif chance < 0.8:
                guest.begin("acquire")

    def ended(self, guest):
        if guest.doing == "stop":
            self.guests.remove(guest)
        elif guest.doing == "acquire":
            self.assertIsNone(self.holder, "two have the lock")
            self.holder = guest
            self.served += 1
            guest.doing = "hold"
            return
        guest.doing = None

    def agree(self):
        states = [guest.node.state() for guest in self.guests]
        ids = {state["id"] for state in states}
        lists = all({peer["id"] for peer in state["peers"]} == ids - {state["id"]} for state in states)
        copies = all(state["fortunes"] == states[0]["fortunes"] for state in states)
        tokens = sorted(state["token"] for state in states)
        return lists and copies and tokens == ["none"] * (len(states) - 1) + ["present"] * bool(states)


if __name__ == "__main__":
    unittest.main()
