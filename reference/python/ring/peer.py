"""One peer: its two sockets, who handles which message, and its commands (spec/ring/ring.md, sections 2 to 4).

Peer i is at `basePort + i`, over UDP and over TCP (`ring.address.port`). Peer 4 never looks at where a message came from: a
connection of peer 9 comes from a port that the operating system picked, and says nothing. The field `from` says who sent
it, and the answer goes to the address that our own configuration gives for that id (`ring.address.pong`).
"""

import errno
import socket

from control import CommandError, need
from listener import Listener
from loop import log
from ring import messages
from ring.circle import is_name
from ring.config import Config
from ring.files import Files
from ring.join import Join
from ring.leave import Leave
from ring.members import Members
from ring.segments import Segments
from values import is_count, is_text, one_of
from wire import MAX_DATAGRAM, Ignore, Refusal, Stream, dial, encode, parse

CONNECTIONS_IN = 512  # open connections that others have opened to us
CONNECTIONS_OUT = 512  # and that we have opened to others
AT_ONCE = 64  # datagrams that are taken before anything else gets its turn


class Peer:
    """A started peer. Not yet in a ring: `init` or `join` puts it into one."""

    Config = Config
    COMMANDS = ("state", "stop", "init", "join", "store", "request")

    def __init__(self, loop, config, emit):
        self.loop = loop
        self.config = config
        self.id = config.id
        self.emit = emit
        self.started = loop.now()
        self.closed = False
        self.errands = set()
        self.kept = 0  # messages that could not be passed on yet
        self._open_sockets()
        self.members = Members(self)
        self.join = Join(self)
        self.leave = Leave(self)
        self.files = Files(self)
        self.segments = Segments(self)
        self.on_udp = {
            "ring.ping": self.members.on_ping,
            "ring.pong": self.members.on_pong,
            "ring.offer": self.segments.on_offer,
            "ring.ready": self.segments.on_ready,
            "ring.data": self.segments.on_data,
            "ring.ack": self.segments.on_ack,
            "ring.end": self.segments.on_end,
        }
        self.on_tcp = {
            "ring.successor-query": self.members.on_query,
            "ring.successor-change": self.members.on_successor_change,
            "ring.join": self.join.on_join,
            "ring.accept": self.join.on_accept,
            "ring.decline": self.join.on_decline,
            "ring.depart": self.leave.on_depart,
            "ring.store": self.files.on_routed,
            "ring.request": self.files.on_routed,
            "ring.store-accept": self.files.on_store_accept,
            "ring.put": self.files.on_put,
            "ring.file": self.files.on_file,
            "ring.not-found": self.files.on_not_found,
        }
        loop.watch(self.udp, self._datagrams, None)

    def _open_sockets(self):
        family = socket.AF_INET6 if ":" in self.config.host else socket.AF_INET
        address = (self.config.host, self.config.listenPort)
        self.udp = socket.socket(family, socket.SOCK_DGRAM)
        try:
            self.udp.setblocking(False)
            self.udp.bind(address)
            self.inbound = Listener(self.loop, *address, CONNECTIONS_IN, lambda sock: Inbound(self, sock))
        except OSError as error:
            self.udp.close()
            raise CommandError.no_address(*address, error) from None

    def close(self):
        """Close everything at once. Commands under way fail: each still gets its one reply."""
        if self.closed:
            return
        self.closed = True
        self.members.close()
        self.join.close()
        self.segments.close()
        self.files.close()
        for errand in list(self.errands):
            errand.stream.abort()
        self.inbound.close()
        self.loop.watch(self.udp, None, None)
        self.udp.close()

    def log(self, text):
        log("peer %d: %s" % (self.id, text))

    def address(self, peer):
        return self.config.host, self.config.basePort + peer

    # -- UDP --

    def send(self, to, message):
        """Send one datagram to a peer. That it is lost, here or on the way, is what the timeouts are for."""
        try:
            self.udp.sendto(encode(message), self.address(to))
        except OSError:
            pass

    def _datagrams(self):
        for _ in range(AT_ONCE):
            try:
                data = self.udp.recv(65536)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:  # an earlier datagram reached a port where nobody listens
                continue
            if len(data) > MAX_DATAGRAM:
                continue
            try:
                message = parse(data)
                messages.check(message, messages.UDP)
            except (ValueError, Refusal):
                continue  # `common.udp.malformed`: no answer, no change
            self.on_udp[message["type"]](message)
            if self.closed:
                return

    # -- TCP --

    def dial(self, to, message, **options):
        """Take a message to a peer's TCP address; see Errand."""
        return Errand(self, to, message, **options)

    def deliver(self, to, message, timeout_ms, on_result, on_sent=None):
        """Pass a message on. `on_result(True)` when it is there, `on_result(False)` when another way must be found.

        It is not there if the peer cannot be reached or dies before it has read everything, and neither if it answers that it
        cannot take it now: a peer that has crashed and started again is in no ring.
        """
        refused = []

        def answer(reply):
            if reply["type"] == "error" and reply["code"] in ("not-in-ring", "busy"):
                refused.append(reply["code"])

        def done(reason):
            on_result(reason in ("closed", "timeout") and not refused)

        self.dial(
            to, message, on_sent=on_sent, on_answer=answer, on_done=done, half_close=True, timeout_ms=timeout_ms
        )

    # -- commands --

    def offers(self, name):
        return name in self.COMMANDS

    @staticmethod
    def arguments(name, command):
        """The checked arguments of a command; `bad-argument` changes nothing (`control.bad-argument`)."""
        if name == "init":
            return (need(command, "successors", messages.is_pair),)
        if name == "join":
            return (need(command, "via", messages.is_id),)
        if name == "store":
            return need(command, "name", is_name), need(command, "path", is_text)
        if name == "request":
            return need(command, "name", is_name), need(command, "transport", one_of("tcp", "udp"))
        return ()

    def command(self, name, arguments, reply):
        if name == "state":
            reply.ok(self.state())
        elif name == "init":
            self._init(*arguments)
            reply.ok()
        elif name == "join":
            self.join.start(*arguments, reply)
        elif name == "store":
            self.files.store(*arguments, reply)
        elif name == "request":
            self.files.request(*arguments, reply)

    def state(self):
        members = self.members
        return {
            "id": self.id,
            "inRing": members.in_ring(),
            "successors": members.successors,
            "predecessors": members.predecessors,
            "files": sorted(self.files.stored),
        }

    def _init(self, successors):
        first, second = successors
        if self.id != second and first in (self.id, second):
            raise CommandError("bad-argument", "successors: no ring has these")
        if self.members.in_ring() or self.join.is_joining():
            raise CommandError("already-in-ring", "this peer has successors already, or is about to get them")
        self.members.set_successors(first, second, "init")

    def stop(self, reply, on_stopped):
        def end():
            self.close()
            reply.ok()
            on_stopped()

        self.leave.start(end)


class Inbound:
    """A connection that somebody else has opened: a sequence of messages, each handled, answered or refused."""

    def __init__(self, peer, sock):
        self.peer = peer
        self.stream = Stream(peer.loop, sock, self)

    def refuse_all(self):
        self.stream.send({"type": "error", "code": "busy", "message": "too many connections"})
        self.stream.close()

    def on_line(self, stream, line):
        try:
            message = parse(line)
        except ValueError as error:
            self._refuse(stream, {}, Refusal("malformed", str(error)))
        else:
            self.take(stream, message)

    def take(self, stream, message):
        """Handle one message, or refuse it. A message that was held for a while comes here a second time."""
        try:
            messages.check(message, messages.TCP)
            self._handle(stream, message)
        except Refusal as refusal:
            self._refuse(stream, message, refusal)
        except Exception:
            self._refuse(stream, message, Refusal("internal", "this peer failed"))
            raise

    def _handle(self, stream, message):
        kind = message["type"]
        if kind not in messages.WITH_BODY and is_count(message.get("bodyLength")):
            # The type has no body, so to us the field is an unknown one. But a body follows all the same
            # (`common.tcp.body`), and its bytes must not be taken for lines.
            stream.expect_body(message["bodyLength"], Ignore())
        if kind == "error":
            return  # an error is never answered
        handler = self.peer.on_tcp.get(kind)
        if handler is None:  # an answer (pong, stored, …) to a question that we did not ask on this connection
            raise Refusal("unexpected", kind + " answers nothing")
        handler(stream, message)

    @staticmethod
    def _refuse(stream, message, refusal):
        if message.get("type") == "error":
            return
        stream.send({"type": "error", "code": refusal.code, "message": refusal.text[:200]})
        if refusal.close or "bodyLength" in message:
            stream.close()  # the body of a refused message stands where the next line would be

    def on_too_long(self, stream):
        stream.send({"type": "error", "code": "too-long", "message": "a line is at most 65536 bytes long"})
        stream.close()

    def on_sent(self, stream):
        pass

    def on_end(self, stream):
        self.peer.join.on_half_closed(stream)

    def on_closed(self, stream, reason):
        self.peer.inbound.forget(self)
        self.peer.join.on_closed(stream)


class Errand:
    """One message taken to another peer, and what comes back on that connection.

    `on_connected()`        the connection is there; with None for a message, the message is written now
    `on_sent()`             the message (and its body) has been handed over
    `on_answer(message)`    a message came back
    `on_done(reason)`       the connection is over, called once:
                            "unreachable"   it never came about; the message was certainly not read
                            "broken"        it was reset: the message may have been read, or may not
                            "closed"        the other side has closed it in order
                            "timeout"       none of these within `timeout_ms`

    With `half_close` we shut down our sending side after the message; that is the default when no answer is expected.
    `end()` gives the errand up without any further call.
    """

    def __init__(
        self,
        peer,
        to,
        message,
        body=None,
        on_connected=None,
        on_sent=None,
        on_answer=None,
        on_done=None,
        half_close=None,
        timeout_ms=None,
    ):
        self.peer = peer
        self.to = to
        self._body = body
        self._on_connected = on_connected
        self._on_sent = on_sent
        self._on_answer = on_answer
        self._on_done = on_done
        self._connected = False
        self._half_close = on_answer is None if half_close is None else half_close
        self._timer = None
        self.stream = None
        try:
            if len(peer.errands) >= CONNECTIONS_OUT:
                raise OSError(errno.EMFILE, "too many connections")
            self.stream = dial(peer.loop, peer.address(to), self)
        except OSError:
            if body:
                body.close()
            peer.loop.soon(self._done, "unreachable")  # not now: the caller has not even got this object yet
            return
        if timeout_ms is not None:
            self._timer = peer.loop.later(timeout_ms, self._timed_out)
        peer.errands.add(self)
        if message:
            self.stream.send(message)
        if body:
            self.stream.send_body(body)

    def end(self):
        self._on_connected = self._on_sent = self._on_answer = self._on_done = None
        if self.stream:
            self.stream.abort()

    def fail(self):
        """Give up hope for an answer: the other peer is dead."""
        if self.stream:
            self.stream.abort("broken")

    def _timed_out(self):
        self.stream.abort("timeout" if self._connected else "unreachable")

    def _done(self, reason):
        callback, self._on_done = self._on_done, None
        if callback and not self.peer.closed:
            callback(reason)

    def on_connected(self, stream):
        self._connected = True
        if self._on_connected:
            self._on_connected()

    def on_sent(self, stream):
        callback, self._on_sent = self._on_sent, None
        if callback:
            callback()
        if self._half_close:
            self._half_close = False  # once is enough
            stream.finish()

    def on_line(self, stream, line):
        try:
            message = parse(line)
            messages.check(message, messages.TCP)
        except (ValueError, Refusal) as error:
            code = error.code if isinstance(error, Refusal) else "malformed"
            stream.send({"type": "error", "code": code, "message": "not an answer"})
            stream.abort("broken")
            return
        if self._on_answer:
            self._on_answer(message)

    def on_too_long(self, stream):
        stream.abort("broken")

    def on_end(self, stream):
        stream.abort("closed")

    def on_closed(self, stream, reason):
        if self._timer:
            self._timer.cancel()
        self.peer.errands.discard(self)
        self._done("unreachable" if reason == "broken" and not self._connected else reason)
