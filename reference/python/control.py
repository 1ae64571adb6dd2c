"""The control channel: how a harness drives this program (spec/control/control.md).

Commands come in as JSON lines on standard input; replies and events leave as JSON lines on standard output. What nodes say to
each other never passes here.

    > {"seq":7,"command":"start","node":0,"role":"ring.peer","config":{...}}
    < {"seq":7,"ok":true,"result":{}}
    < {"event":"successors","node":0,"successors":[5,8],"cause":"init"}

Each command gets exactly one reply, and may get it much later: a `request` that takes seconds does not hold up the `state`
behind it. So a command is handed a `Reply` to keep, and the program goes on reading.
"""

import errno
import os
import select

from configuration import BadConfig
from loop import log
from wire import encode, parse

MAX_LINE = 1048576


class CommandError(Exception):
    """A command that fails; `code` is one of the closed table of section 3."""

    def __init__(self, code, text):
        super().__init__(text)
        self.code = code
        self.text = text

    @classmethod
    def no_address(cls, host, port, error):
        """A node that cannot listen at its address."""
        taken = error.errno == errno.EADDRINUSE
        return cls("address-in-use" if taken else "bad-config", "%s port %d: %s" % (host, port, error))


def need(command, field, is_valid):
    """An argument of a command, or `bad-argument`."""
    if field not in command:
        raise CommandError("bad-argument", field + ": missing")
    if not is_valid(command[field]):
        raise CommandError("bad-argument", field + ": not valid")
    return command[field]


class Reply:
    """The one answer that a command gets. What comes after the first answer is ignored."""

    def __init__(self, output, seq):
        self._output = output
        self._seq = seq

    def _send(self, line):
        output, self._output = self._output, None
        if output:
            output.write({"seq": self._seq, **line})

    def ok(self, result=None):
        self._send({"ok": True, "result": {} if result is None else result})

    def fail(self, code, text):
        self._send({"ok": False, "error": {"code": code, "message": text}})


class Output:
    """Standard output, one line at a time, without ever waiting for the reader.

    A harness that stops reading must not stall the node: peer 4 would stop answering pings because somebody does not read its
    events. Making the descriptor non-blocking would also change a terminal that other programs share, so instead each write is
    as small as a pipe that `poll` calls writable is sure to take (PIPE_BUF).
    """

    PIECE = 4096
    EVENTS_MAX = 16 * 1024 * 1024  # of unread output, after which events are dropped; replies never are

    def __init__(self, loop, descriptor, on_gone):
        self._loop = loop
        self._descriptor = descriptor
        self._on_gone = on_gone
        self._pending = bytearray()
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLOUT)
        self._waiting = False

    def write(self, line):
        is_event = "event" in line
        if is_event and len(self._pending) > self.EVENTS_MAX:
            return
        data = encode(line)
        if len(data) > MAX_LINE:
            log("control: a line of %d bytes is not written" % len(data))
            if is_event:
                return
            error = {"code": "internal", "message": "the result does not fit into a line of %d bytes" % MAX_LINE}
            data = encode({"seq": line["seq"], "ok": False, "error": error})
        self._pending += data + b"\n"
        if not self._waiting:
            self.flush()

    def is_empty(self):
        return not self._pending

    def flush(self):
        try:
            while self._pending and self._poll.poll(0):
                written = os.write(self._descriptor, self._pending[: self.PIECE])
                del self._pending[:written]
        except BlockingIOError:
            pass
        except OSError:  # the reader is gone
            self._pending.clear()
            self._on_gone()
        if bool(self._pending) != self._waiting:
            self._waiting = bool(self._pending)
            self._loop.watch(self._descriptor, None, self.flush if self._waiting else None)


class Implementation:
    """What a program says about itself, and how to get at the classes of its nodes.

    `load()` gives a class for each role. It is called after `hello`: the harness reads that line while the modules for sockets
    and digests are still loading. Such a class has

        Config                                 a Configuration, which `start` makes of what it was given
        COMMANDS                               the commands that a node of this role may know, besides `start`
        arguments(name, command)               the checked arguments of such a command, as a tuple
        __init__(loop, config, emit)           opens the sockets
        offers(name)                           whether this very node knows the command
        command(name, arguments, reply)
        stop(reply, on_stopped)                leaves in order
        close()                                closes all at once
    """

    def __init__(self, name, version, features, roles, load):
        self.name = name
        self.version = version
        self.features = list(features)
        self.roles = list(roles)
        self.load = load


class Program:
    def __init__(self, loop, implementation, single=False, source=0, target=1):
        self._loop = loop
        self._implementation = implementation
        self._classes = None
        self._single = single
        self._source = source
        self._output = Output(loop, target, loop.stop)
        self._nodes = {}
        self._input = bytearray()
        self._skipping = False
        self._output.write(
            {
                "event": "hello",
                "control": 1,
                "name": implementation.name,
                "version": implementation.version,
                "language": "python",
                "roles": implementation.roles,
                "features": implementation.features + ([] if single else ["multi-node"]),
            }
        )
        loop.watch(source, self._readable, None)
        loop.soon(self._roles)

    def close(self):
        """Standard input has ended: sockets are closed and half-written files removed, without a farewell to anybody."""
        for node in list(self._nodes.values()):
            node.close()
        self._output.flush()

    # -- lines --

    def _readable(self):
        try:
            data = os.read(self._source, 65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._loop.stop()
            return
        self._input += data
        while True:
            end = self._input.find(b"\n")
            if end < 0:
                break
            line = bytes(self._input[:end])
            del self._input[: end + 1]
            if not self._skipping:
                self._take_line(line)
            self._skipping = False
        if len(self._input) > MAX_LINE:
            self._skipping = True
            self._input.clear()

    def _take_line(self, line):
        try:
            if len(line) > MAX_LINE:
                raise ValueError("longer than %d bytes" % MAX_LINE)
            command = parse(line, duplicates=True)
            if type(command.get("seq")) is not int:
                raise ValueError("no integer seq")
        except ValueError as error:
            # This is no command. Nobody could match a reply to it, and nothing but replies and events may go to standard output.
            log("control: line ignored: %s" % error)
            return
        reply = Reply(self._output, command["seq"])
        try:
            self._run(command, reply)
        except CommandError as error:
            reply.fail(error.code, error.text)
        except Exception as error:
            reply.fail("internal", repr(error))
            raise

    # -- commands --

    def _roles(self):
        if self._classes is None:
            self._classes = self._implementation.load()
        return self._classes

    def _run(self, command, reply):
        name = command.get("command")
        if not isinstance(name, str):
            raise CommandError("bad-argument", "command: missing or not a string")
        number = 0 if self._single else command.get("node", 0)
        node = self._nodes.get(number) if type(number) is int else None
        known = [role for role in self._roles().values() if name in role.COMMANDS]
        if name != "start" and not (node.offers(name) if node else known):
            raise CommandError("unsupported", "no such command")
        if type(number) is not int:
            raise CommandError("bad-argument", "node: not an integer")
        if name == "start":
            self._start(number, command, reply)
            return
        # Arguments are judged before the state, so that a wrong command gets the same answer at any time.
        arguments = (node or known[0]).arguments(name, command)
        if node is None:
            raise CommandError("not-started", "this node is not started")
        if name == "stop":
            node.stop(reply, lambda: self._stopped(number))
        else:
            node.command(name, arguments, reply)

    def _start(self, number, command, reply):
        role = command.get("role")
        if not isinstance(role, str) or role not in self._roles():
            raise CommandError("bad-argument", "role: this program can be %s" % " or ".join(self._roles()))
        node_class = self._roles()[role]

        def emit(event, **fields):
            node = {} if self._single else {"node": number}
            self._output.write({"event": event, **node, **fields})

        try:
            config = node_class.Config(command.get("config"))
        except BadConfig as error:
            raise CommandError("bad-config", str(error)) from None
        if number in self._nodes:
            raise CommandError("already-started", "this node is started")
        self._nodes[number] = node_class(self._loop, config, emit)
        reply.ok()

    def _stopped(self, number):
        self._nodes.pop(number, None)
        if self._single:
            self._leave_when_written(self._loop.now() + 1)

    def _leave_when_written(self, until):
        if self._output.is_empty() or self._loop.now() > until:
            self._loop.stop()
        else:
            self._loop.later(10, self._leave_when_written, until)
