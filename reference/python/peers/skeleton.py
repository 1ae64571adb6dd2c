"""The server (spec/peers/peers.md, section 1): connections that others open, the requests on them, and their answers.

A method is called with checked arguments. It gives the result, raises a RemoteError, or gives a promise when the answer takes
time. The requests on one connection are answered in their order, so the next one waits for that promise; other connections
do not.
"""

from listener import Listener
from peers.calls import REQUEST_MAX, RemoteError, read_request
from promise import Promise, log_mistake
from wire import Stream

CONNECTIONS_MAX = 256
UNREAD_MAX = 32 * 1024 * 1024  # bytes of answers that callers have not taken yet, all connections together


class Skeleton:
    """`methods` has for each name the checks of the arguments and the function. It is all that can be called."""

    def __init__(self, loop, host, port, methods):
        self.loop = loop
        self.methods = methods
        # Where something is owed on every connection, a newcomer waits: it would take a refusal for the answer to its call.
        self.listener = Listener(loop, host, port, CONNECTIONS_MAX, lambda sock: Connection(self, sock), patient=True)

    def close(self):
        self.listener.close()

    def invoke(self, method, arguments):
        if method not in self.methods:
            raise RemoteError("AttributeError", "no method '%s'" % method)
        checks, function = self.methods[method]
        if len(arguments) != len(checks):
            raise RemoteError("TypeError", "%s takes %d arguments, not %d" % (method, len(checks), len(arguments)))
        for place, (is_valid, argument) in enumerate(zip(checks, arguments), 1):
            if not is_valid(argument):
                raise RemoteError("TypeError", "%s: argument %d is wrong" % (method, place))
        return function(*arguments)

    def bound_unread(self):
        """Give up the caller that reads slowest, if there is too much for all of them to read."""
        parties = self.listener.parties
        while sum(party.stream.waiting() for party in parties) > UNREAD_MAX:
            max(parties, key=lambda party: party.stream.waiting()).stream.abort()


class Connection:
    """A connection that somebody else has opened."""

    def __init__(self, skeleton, sock):
        self._skeleton = skeleton
        # A caller may be gone before we have read what it asks. It is done all the same (`peers.call.close`).
        self.stream = Stream(skeleton.loop, sock, self, max_line=REQUEST_MAX, carry_on=True)

    def on_line(self, stream, line):
        try:
            result = self._skeleton.invoke(*read_request(line))
        except Exception as error:
            self._answer(_error_answer(error))
            return
        if isinstance(result, Promise):
            stream.pause()
            stream.due += 1
            result.then(self._later)
        else:
            self._answer({"result": result})

    def _later(self, promise):
        stream = self.stream
        if stream.closed:
            return
        stream.due -= 1
        try:
            self._answer({"result": promise.value()})
        except Exception as error:
            self._answer(_error_answer(error))
        if not stream.closed:
            stream.resume()

    def _answer(self, message):
        self.stream.send(message)
        if self.stream.waiting():
            self._skeleton.bound_unread()

    def on_too_long(self, stream):
        self._answer(_error_answer(RemoteError("ProtocolError", "a request is at most %d bytes long" % REQUEST_MAX)))
        stream.close()

    def on_sent(self, stream):
        pass

    def on_end(self, stream):
        pass

    def on_closed(self, stream, reason):
        self._skeleton.listener.forget(self)


def _error_answer(error):
    if not isinstance(error, RemoteError):  # a mistake of ours; it must not end the node
        log_mistake(error)
        error = RemoteError("InternalError", "this node failed")
    return {"error": {"name": error.name, "args": error.arguments}}
