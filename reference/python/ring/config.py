"""The configuration of a peer (spec/ring/ring.md, section 3), checked by hand, field by field."""

import os
import socket

REQUIRED = object()

# field: (kind, lowest, highest, default)
FIELDS = {
    "id": (int, 0, 255, REQUIRED),
    "host": (str, None, None, "127.0.0.1"),
    "basePort": (int, 1, 65279, REQUIRED),
    "listenPort": (int, 1, 65535, None),
    "folder": (str, None, None, REQUIRED),
    "pingIntervalMs": (int, 10, 60000, 1000),
    "refreshIntervalMs": (int, 0, 600000, 0),
    "joinTimeoutMs": (int, 10, 600000, 10000),
    "requestTimeoutMs": (int, 10, 600000, 10000),
    "departTimeoutMs": (int, 10, 600000, 5000),
    "mss": (int, 1, 4096, 512),
    "retransmitTimeoutMs": (int, 5, 60000, 1000),
    "retransmissionsMax": (int, 1, 1000, 20),
    "dropProbability": (float, 0, 1, 0),
    "seed": (int, 0, 2**32 - 1, 1),
    "segmentLog": (bool, None, None, False),
}


class BadConfig(ValueError):
    pass


class Config:
    """The checked values, one attribute for each field: `config.basePort`. The names are those of the specification."""

    def __init__(self, given):
        if not isinstance(given, dict):
            raise BadConfig("config: not an object")
        for name, (kind, lowest, highest, default) in FIELDS.items():
            if name in given:
                setattr(self, name, _checked(name, given[name], kind, lowest, highest))
            elif default is REQUIRED:
                raise BadConfig(name + ": missing")
            else:
                setattr(self, name, default)
        if self.listenPort is None:
            self.listenPort = self.basePort + self.id
        if self.host == "localhost":
            self.host = "127.0.0.1"  # without asking a name server
        if not _is_loopback(self.host):
            raise BadConfig("host: not an address of the loopback interface")
        self.folder = os.path.abspath(self.folder)
        if not os.path.isdir(self.folder):
            raise BadConfig("folder: no such folder")


def _is_loopback(host):
    """"All traffic of the kit stays on the loopback interface" (common, section 5); and a name would ask a name server."""
    if host == "::1":
        return True
    try:
        return socket.inet_pton(socket.AF_INET, host)[0] == 127
    except OSError:
        return False


def _checked(name, value, kind, lowest, highest):
    # `type(value) is int` and not `isinstance`: in Python True is an int, in JSON it is not.
    if kind is float:
        if type(value) not in (int, float):
            raise BadConfig(name + ": not a number")
    elif type(value) is not kind:
        raise BadConfig("%s: not %s" % (name, {int: "an integer", str: "a string", bool: "a boolean"}[kind]))
    if kind is str and (not value or "\0" in value):
        raise BadConfig(name + ": empty, or with a NUL")
    if lowest is not None and value < lowest:
        raise BadConfig("%s: %r is below %d" % (name, value, lowest))
    if highest is not None and value > highest:
        raise BadConfig("%s: %r is above %d" % (name, value, highest))
    return value
