"""The configuration of both roles (spec/peers/peers.md, section 3)."""

from configuration import REQUIRED, BadConfig, Configuration
from peers.calls import are_fortunes, is_address, is_type


def _valid(is_valid, expected):
    def kind(name, value):
        if not is_valid(value):
            raise BadConfig("%s: not %s" % (name, expected))
        return value

    return kind


_address = _valid(is_address, "[host, port]")

LISTENING = {
    "host": (str, None, None, "127.0.0.1"),
    "listenPort": (int, 1, 65535, REQUIRED),
}


class NameServiceConfig(Configuration):
    FIELDS = {
        **LISTENING,
        "checkTimeoutMs": (int, 10, 600000, 2000),
        "registrationsMax": (int, 1, 10000, 10000),
    }


class PeerConfig(Configuration):
    FIELDS = {
        **LISTENING,
        "type": (_valid(is_type, "a string of 1 to 100 characters"), None, None, REQUIRED),
        "nameService": (_address, None, None, REQUIRED),
        "advertise": (_address, None, None, None),
        "callTimeoutMs": (int, 10, 600000, 5000),
        "lock": (bool, None, None, False),
        "acquireTimeoutMs": (int, 10, 600000, 60000),
        "fortunes": (_valid(are_fortunes, "at most 1,000 strings of 1 to 1,000 characters"), None, None, None),
        "seed": (int, 0, 2**32 - 1, 1),
    }

    def __init__(self, given):
        super().__init__(given)
        if self.type == "object":  # the default of the course, which every user has to replace
            raise BadConfig("type: choose another one than object")
        if self.fortunes is not None and not self.lock:
            raise BadConfig("fortunes: they need lock")
        if self.advertise is None:
            self.advertise = [given.get("host", self.host), self.listenPort]
