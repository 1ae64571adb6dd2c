"""Messages on the wire: JSON objects in datagrams, JSON lines and raw bodies on TCP.

This module holds sections 1 to 3 of the rules common to all systems (spec/common/common.md). It knows nothing about any of
them; `peers`, whose lines are not quite the same, uses what holds for it too.

    {"type":"ring.pong","from":8,"seq":0}                           one datagram is one object
    {"type":"ring.stored","from":19,"name":"2067","request":1}\\n    one line on TCP is one object
    {"type":"ring.put",...,"bodyLength":5}\\nhello{"type":...       a body stands between its line and the next line

TCP is a stream of bytes and keeps no boundaries: a line may come in three pieces, and three lines may come in one piece.
`Stream` cuts the bytes into lines and bodies again.
"""

import codecs
import errno
import gc
import json
import re
import socket
from collections import deque
from itertools import accumulate

MAX_LINE = 65536
MAX_DATAGRAM = 8192
MAX_INTEGER = 2**53 - 1
MAX_DEPTH = 100  # RFC 8259, section 9, lets a receiver set a limit; our own messages are two deep

ERROR_CODES = ("malformed", "schema", "unknown-type", "too-long", "unexpected", "not-in-ring", "busy", "internal")


class Refusal(Exception):
    """A message that is answered with an `error` instead of being handled."""

    def __init__(self, code, text, close=False):
        super().__init__(text)
        self.code = code
        self.text = text
        self.close = close


# ---- JSON -----------------------------------------------------------------------------------------------------------------


def _integer(text):
    if len(text) > 400:  # converting a number of 60,000 digits takes time that a hostile sender must not be given
        raise ValueError("a number with too many digits")
    return int(text)


def _real(text):
    value = float(text)
    if value in (float("inf"), float("-inf")):  # 1e999: it could not be written again when the message is passed on
        raise ValueError("a number out of range")
    return value


def _constant(text):
    raise ValueError(text + " is not JSON")  # Python would read NaN and Infinity


def _unique(pairs):
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is written twice")
    return found


_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_NO_BRACKET = bytes(set(range(256)) - set(b"[]{}"))
_STEPS = bytes.maketrans(b"[]{}", b"\x01\xff\x01\xff")  # as signed bytes 1 and -1
_options = {"parse_int": _integer, "parse_float": _real, "parse_constant": _constant}
_strict = json.JSONDecoder(object_pairs_hook=_unique, **_options)
_lenient = json.JSONDecoder(**_options)


def _too_deep(data):
    """Whether arrays and objects are nested too deeply in JSON text; brackets within strings do not count."""
    steps = memoryview(_STRING.sub(b"", data).translate(_STEPS, _NO_BRACKET)).cast("b")
    depth = 0
    for start in range(0, len(steps), 4096):
        depths = list(accumulate(steps[start : start + 4096], initial=depth))
        if max(depths) > MAX_DEPTH:
            return True
        depth = depths[-1]
    return False


def parse(data, duplicates=False):
    """One JSON object from bytes, or ValueError.

    `common.encoding.duplicate-keys`: two receivers that each take another one of two equal keys would disagree about what
    was said, so a message that holds one is malformed. (The control channel takes the last value: there every command needs
    a reply.)
    """
    # "[[[[[[…": Python's decoder follows each bracket one call deeper, and how many it survives depends on its version.
    # Measuring takes a while, so it is done only for a message with suspiciously many brackets.
    if data.count(b"[") + data.count(b"{") > MAX_DEPTH and _too_deep(data):
        raise ValueError("nested too deeply")
    # Of eight megabytes of empty lists the garbage collector would see through all, again and again while they become more.
    gc.disable()
    try:
        value = (_lenient if duplicates else _strict).decode(str(data, "utf-8"))
    finally:
        gc.enable()
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


def _escape(error):
    return "".join("\\u%04x" % ord(character) for character in error.object[error.start : error.end]), error.end


codecs.register_error("json-escape", _escape)


def encode(message):
    """A message as bytes, without a line end.

    In UTF-8, because a line has a longest length, and escaped a Chinese text would be twice as long. Only half of a surrogate
    pair, which JSON can carry and UTF-8 cannot, is escaped, so that any string can be written.
    """
    text = json.dumps(message, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "json-escape")


# ---- TCP ------------------------------------------------------------------------------------------------------------------


class Body:
    """The raw bytes behind a message, read from a file piece by piece: a file of a gigabyte never stands in memory.

    Exactly `length` bytes are sent, as promised in `bodyLength`. If the file has become shorter meanwhile the promise cannot be
    kept, and nothing but the end of the connection can tell the receiver so.
    """

    def __init__(self, file, length, progress=None):
        self._file = file
        self._left = length
        self._progress = progress

    def read(self):
        chunk = self._file.read(min(self._left, 65536))
        if self._left and not chunk:
            raise EOFError("the file has become shorter")
        self._left -= len(chunk)
        if self._progress and chunk:
            self._progress()
        return chunk

    def close(self):
        self._file.close()


class Ignore:
    """A sink for a body that nobody wants."""

    def write(self, chunk):
        pass

    def done(self):
        pass

    def cut(self):
        pass


class Stream:
    """One TCP connection, opened by either side: lines and bodies in, lines and bodies out.

    It reports to its `user`:

        on_connected(stream)         a connection that we opened is there
        on_line(stream, line)        a complete line (bytes, without LF and CR)
        on_too_long(stream)          a line is longer than the rules allow
        on_sent(stream)              everything queued has been handed to the operating system
        on_end(stream)               the other side will send nothing more; all complete lines have been reported
        on_closed(stream, reason)    the connection is over: "closed", "unreachable" or "broken"

    A body goes to a sink: `write(chunk)` for each piece, then `done()`, or `cut()` when the connection ends too early.

    With `carry_on`, lines that have arrived are reported although the other side has reset the connection meanwhile: there is
    nobody to answer any more, but what was asked is done.
    """

    HIGH_WATER = 256 * 1024  # someone who asks and asks and never reads the answers is not listened to beyond this
    LINGER_MS = 1000

    def __init__(self, loop, sock, user, connecting=False, max_line=MAX_LINE, carry_on=False):
        self.loop = loop
        self.sock = sock
        self.user = user
        self.closed = False
        self.ended = False  # the other side has shut down its sending side
        self.due = 0  # answers that we still owe on this connection
        self.last_heard = loop.now()
        self._connecting = connecting
        self._max_line = max_line
        self._carry_on = carry_on
        self._input = bytearray()
        self._searched = 0  # bytes of the input in which there is no line end
        self._paused = False
        self._deaf = False  # what arrives is thrown away: the connection is about to close
        self._dispatching = False
        self._end_reported = False
        self._sink = None
        self._body_left = 0
        self._output = deque()  # lines (bytes) and bodies (Body)
        self._queued = 0
        self._chunk = b""
        self._finishing = False
        self._finished = False
        self._linger = None
        self._watch()

    # -- sending --

    def waiting(self):
        """Bytes that the other side has not taken yet."""
        return self._queued + len(self._chunk)

    def send(self, message):
        """Queue one message and send what the operating system takes at once."""
        if not (self.closed or self._finishing):
            line = encode(message) + b"\n"
            self._output.append(line)
            self._queued += len(line)
            self._flush()

    def send_body(self, body):
        """Queue the raw bytes that belong to the message before."""
        if self.closed or self._finishing:
            body.close()
        else:
            self._output.append(body)
            self._flush()

    def finish(self):
        """Shut down our sending side after everything queued; answers can still come in (`common.tcp.half-close`)."""
        self._finishing = True
        self._flush()

    def close(self):
        """Close after everything queued has been sent.

        Closing a socket with unread input makes the operating system reset the connection, and the reset can overtake our last
        line: the sender of a refused body would never see the `error`. So we say that we are done, and throw away what still
        comes for a moment.
        """
        if not self.closed and not self._deaf:
            self._deaf = True
            self._paused = False
            self._input.clear()
            self._drop_sink()
            self.due = 0
            self._linger = self.loop.later(self.LINGER_MS, self.abort)
            self.finish()
            self._settle()

    def abort(self, reason="closed"):
        """Close now."""
        if self.closed:
            return
        self.closed = True
        self.loop.watch(self.sock, None, None)
        if self._linger:
            self._linger.cancel()
        self._drop_sink()
        for item in self._output:
            if not isinstance(item, bytes):
                item.close()
        self._output.clear()
        self._chunk = b""
        self._input.clear()
        self.sock.close()
        self.user.on_closed(self, reason)

    def _flush(self):
        if self.closed or self._connecting:
            return
        rounds = 0
        while True:
            try:
                if not self._chunk and not self._next_chunk():
                    break
                sent = self.sock.send(self._chunk)
            except (BlockingIOError, InterruptedError):
                break
            except (OSError, EOFError):
                self._mute()
                break
            self._chunk = self._chunk[sent:] or b""  # an empty view would keep what it was cut from
            rounds += 1
            if rounds == 16:  # a reader as fast as we are would keep us here for the whole file
                break
        if self.closed:
            return
        if self._sent():
            if self._finishing and not self._finished:
                self._finished = True
                try:
                    self.sock.shutdown(socket.SHUT_WR)
                except OSError:
                    pass
            self.user.on_sent(self)
        self._settle()

    def _mute(self):
        """The other side is gone, so nothing more can be sent. What it has sent before is still read if we carry on."""
        if not self._carry_on or self._deaf:
            self.abort("broken")
            return
        self._finishing = self._finished = True
        self._output.clear()
        self._queued = 0
        self._chunk = b""

    def _next_chunk(self):
        while self._output:
            first = self._output[0]
            if isinstance(first, bytes):
                self._output.popleft()
                self._queued -= len(first)
                self._chunk = memoryview(first)
                return True
            self._chunk = memoryview(first.read())
            if self._chunk:
                return True
            self._output.popleft().close()
        return False

    def _sent(self):
        return not self._output and not self._chunk and not self._connecting

    # -- receiving --

    def expect_body(self, length, sink):
        """The next `length` bytes belong to the message that is being handled."""
        self._sink = sink
        self._body_left = length

    def pause(self):
        """Report no more lines for now (and take no more bytes from the network)."""
        self._paused = True
        self._watch()

    def resume(self):
        self._paused = False
        self.loop.soon(self._dispatch)
        self._watch()

    def _drop_sink(self):
        sink, self._sink = self._sink, None
        if sink:
            sink.cut()

    def _readable(self):
        try:
            data = self.sock.recv(65536)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self._mute()
            if self.closed:
                return
            data = b""
        self.last_heard = self.loop.now()
        if not data:
            self.ended = True
        elif not self._deaf:
            self._input += data
        self._dispatch()

    def _dispatch(self):
        if self._dispatching:
            return
        self._dispatching = True
        try:
            self._cut_lines()
            if self.ended and not (self.closed or self._deaf or self._paused or self._end_reported):
                self._end_reported = True
                self._input.clear()  # `common.tcp.cut`: what stands after the last LF is no message
                self._drop_sink()
                self.user.on_end(self)
        finally:
            self._dispatching = False
        self._settle()

    def _cut_lines(self):
        while not (self.closed or self._deaf or self._paused):
            if self._sink:
                chunk = self._input[: self._body_left]
                del self._input[: len(chunk)]
                self._body_left -= len(chunk)
                if chunk:
                    self._sink.write(chunk)
                    if self.closed or self._deaf:  # the disk is full, and the user has closed the connection
                        break
                if self._body_left == 0:
                    sink, self._sink = self._sink, None
                    sink.done()
                    continue
                break
            end = self._input.find(b"\n", self._searched, self._max_line + 2)
            if end < 0:
                self._searched = len(self._input)
                # One byte more than a line may have: it could be the CR that does not count.
                if len(self._input) > self._max_line + 1:
                    self.user.on_too_long(self)
                break
            self._searched = 0
            line = bytes(self._input[:end])
            del self._input[: end + 1]
            if line.endswith(b"\r"):
                line = line[:-1]
            if len(line) > self._max_line:
                self.user.on_too_long(self)
                break
            self.user.on_line(self, line)

    # -- both --

    def _writable(self):
        if self._connecting:
            if self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                self.abort("unreachable")
                return
            try:
                # A connection to a port where nobody listens can meet itself, if the system picks that very port for our side.
                if self.sock.getsockname() == self.sock.getpeername():
                    raise OSError(errno.ECONNREFUSED, "connected to itself")
            except OSError:
                self.abort("unreachable")
                return
            self._connecting = False
            self.user.on_connected(self)
        self._flush()

    def _settle(self):
        """Close if nothing is left to do, and watch the socket for what is left to do."""
        if self.closed or self._dispatching:  # several lines can wait behind the one that is being answered
            return
        if self.ended and self.due == 0 and not self._paused and self._sent():
            self.abort("closed")
        else:
            self._watch()

    def _watch(self):
        if self.closed:
            return
        listen = not (self.ended or self._paused or self._connecting) and (self._queued < self.HIGH_WATER or self._deaf)
        write = self._connecting or self._output or self._chunk
        self.loop.watch(self.sock, self._readable if listen else None, self._writable if write else None)


def dial(loop, address, user, **options):
    """Open a connection to `(host, port)`: a Stream for `user`, or OSError if even the beginning fails."""
    host, port = address
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        code = sock.connect_ex((host, port))
        if code not in (0, errno.EINPROGRESS):
            raise OSError(code, "cannot connect")
    except OSError:
        sock.close()
        raise
    return Stream(loop, sock, user, connecting=True, **options)
