"""Requests and answers (spec/peers/peers.md, section 1).

    > {"method":"print_message","args":[2,"hello"]}
    < {"result":null}
    < {"error":{"name":"Exception","args":["No peer with id: '7'"]}}

The wire has no types: only the method says what its arguments must be. So each method is listed with a check for every
argument, and what is not listed cannot be called, whatever attributes our objects have.
"""

from values import array, integer, is_count, is_text, pair, text
from wire import parse

REQUEST_MAX = 65536
ANSWER_MAX = 8388608
NO_ID = -1

is_id = is_count
is_time = is_count
is_address = pair(text(1, 255), integer(1, 65535))
is_type = text(1, 100)
is_hash = text(1, 100)
is_fortune = text(1, 1000)
FORTUNES_MAX = 1000

NAME_SERVICE = {
    "register": (is_type, is_address),
    "unregister": (is_id, is_type, is_hash),
    "require_all": (is_type,),
    "require_any": (is_type,),
    "require_object": (is_type, is_id),
}
LIST = {
    "check": (),
    "register_peer": (is_id, is_address),
    "unregister_peer": (is_id,),
    "display_peers": (),
    "print_message": (is_id, is_text),
}
LOCK = {
    "request_token": (is_time, is_id),
    "obtain_token": (array(pair(is_id, is_time)),),
}
DATABASE = {
    "read": (),
    "write": (is_fortune,),
    "write_local": (is_fortune,),
    "read_all": (),
}

# What a caller relies on in the results of calls whose result it uses.
is_registration = pair(is_id, is_hash)
are_registered = array(pair(is_id, is_address))


def are_fortunes(value):
    return array(is_fortune)(value) and len(value) <= FORTUNES_MAX


class RemoteError(Exception):
    """An error as it travels: raised by a method here, or brought by an answer and raised at the caller (`peers.call.raise`)."""

    def __init__(self, name, *arguments):
        super().__init__(name, *arguments)
        self.name = name
        self.arguments = list(arguments)


class CallFailed(Exception):
    """A call without an answer: `code` is "unreachable", "timeout" or "bad-answer"."""

    def __init__(self, code, text):
        super().__init__("%s: %s" % (code, text))
        self.code = code
        self.text = text

    def means_dead(self):
        return self.code != "bad-answer"


def read_request(line):
    """Method and arguments from a line, or a ProtocolError to answer with."""
    try:
        message = parse(line)
    except ValueError as error:
        raise RemoteError("ProtocolError", "not one JSON object: %s" % error) from None
    method, arguments = message.get("method"), message.get("args")
    if not isinstance(method, str):
        raise RemoteError("ProtocolError", "method: missing or not a string")
    if not isinstance(arguments, list):
        renamed = "; params is its name in the first edition" if "params" in message else ""
        raise RemoteError("ProtocolError", "args: missing or not an array" + renamed)
    return method, arguments


def read_answer(line):
    """The result from a line. An answer with an error is raised, and so is what is no answer.

    The presence of the key decides, not the value: `null` is what most methods give back (`peers.call.presence`).
    """
    try:
        message = parse(line)
    except ValueError as error:
        raise CallFailed("bad-answer", "not one JSON object: %s" % error) from None
    if ("result" in message) == ("error" in message):
        raise CallFailed("bad-answer", "it needs either a result or an error")
    if "result" in message:
        return message["result"]
    error = message["error"]
    if not (isinstance(error, dict) and isinstance(error.get("name"), str) and isinstance(error.get("args"), list)):
        raise CallFailed("bad-answer", "the error has no name or no args")
    raise RemoteError(error["name"], *error["args"])


def expect(value, is_valid):
    """A result that has the form which its method promises, or the call has failed after all."""
    if not is_valid(value):
        raise CallFailed("bad-answer", "not the result of this method")
    return value
