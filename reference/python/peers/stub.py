"""The caller (spec/peers/peers.md, section 1): a connection for each call, one request, one answer.

Whom we call may be dead, slow, or no peer at all. A call always ends, with a result, a RemoteError or a CallFailed, and it holds
up nothing else meanwhile.
"""

from collections import deque

from configuration import is_loopback
from peers.calls import ANSWER_MAX, CallFailed, RemoteError, read_answer
from promise import Promise
from wire import dial

AT_ONCE = 256  # connections of one node to others; further calls wait until one of them has ended


class Calls:
    """The calls that one node makes."""

    def __init__(self, loop, timeout_ms):
        self.loop = loop
        self.timeout_ms = timeout_ms
        self._open = set()
        self._waiting = deque()
        self._closed = False

    def close(self):
        """Give up all calls; whoever waits for one is never told."""
        self._closed = True
        self._waiting.clear()
        for call in list(self._open):
            call.give_up()

    def call(self, address, method, arguments):
        """Promise of the result."""
        promise = Promise()
        if not self._closed:
            self._waiting.append((address, {"method": method, "args": arguments}, promise))
            self._next()
        return promise

    def _next(self):
        while self._waiting and len(self._open) < AT_ONCE:
            address, request, promise = self._waiting.popleft()
            self._open.add(Call(self, address, request, promise))

    def ended(self, call):
        self._open.discard(call)
        self._next()


class Call:
    """One call that is under way."""

    def __init__(self, calls, address, request, promise):
        self._calls = calls
        self._promise = promise
        self._connected = False
        self._stream = None
        self._timer = calls.loop.later(calls.timeout_ms, self._timed_out)
        host, port = address
        if host == "localhost":
            host = "127.0.0.1"  # without asking a name server
        try:
            if not is_loopback(host):
                raise OSError("not an address of the loopback interface")
            self._stream = dial(calls.loop, (host, port), self, max_line=ANSWER_MAX)
        except OSError as error:
            calls.loop.soon(self._fail, CallFailed("unreachable", str(error)))
            return
        self._stream.send(request)

    def give_up(self):
        self._promise = None
        self._end()

    def _end(self):
        """Close the connection, and make room for the next call."""
        self._timer.cancel()
        if self._stream:
            stream, self._stream = self._stream, None
            stream.abort()
        self._calls.ended(self)

    def _result(self, value):
        promise, self._promise = self._promise, None
        if promise:
            self._end()
            promise.keep(value)

    def _fail(self, error):
        promise, self._promise = self._promise, None
        if promise:
            self._end()
            promise.fail(error)

    def _timed_out(self):
        if self._connected:
            self._fail(CallFailed("timeout", "no answer within %d ms" % self._calls.timeout_ms))
        else:
            self._fail(CallFailed("unreachable", "no connection within %d ms" % self._calls.timeout_ms))

    # -- what the stream reports --

    def on_connected(self, stream):
        self._connected = True

    def on_sent(self, stream):
        pass

    def on_line(self, stream, line):
        try:
            result = read_answer(line)
        except (CallFailed, RemoteError) as error:
            self._fail(error)
        else:
            self._result(result)

    def on_too_long(self, stream):
        self._fail(CallFailed("bad-answer", "an answer is at most %d bytes long" % ANSWER_MAX))

    def on_end(self, stream):
        self._fail(CallFailed("unreachable", "closed without an answer"))

    def on_closed(self, stream, reason):
        self._fail(CallFailed("unreachable", "the connection was refused or cut"))
