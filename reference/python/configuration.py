"""The configuration of a node, checked by hand, field by field.

Each role has its table of fields, with the names and ranges of its page of the specification:

    FIELDS = {"listenPort": (int, 1, 65535, REQUIRED), "lock": (bool, None, None, False), ...}
"""

import socket

REQUIRED = object()


class BadConfig(ValueError):
    """The text says which field is wrong, and how."""


class Configuration:
    """The checked values, one attribute for each field: `config.listenPort`.

    In the table a field has its kind, the lowest and highest value, and the default. A kind is a Python type or a function that
    gives the value if it is right and raises BadConfig if not.
    """

    FIELDS = {}

    def __init__(self, given):
        if not isinstance(given, dict):
            raise BadConfig("config: not an object")
        for name, (kind, lowest, highest, default) in self.FIELDS.items():
            if name in given:
                setattr(self, name, _checked(name, given[name], kind, lowest, highest))
            elif default is REQUIRED:
                raise BadConfig(name + ": missing")
            else:
                setattr(self, name, default)
        if self.host == "localhost":
            self.host = "127.0.0.1"  # without asking a name server
        if not is_loopback(self.host):
            raise BadConfig("host: not an address of the loopback interface")


def is_loopback(host):
    """"All traffic of the kit stays on the loopback interface" (common, section 5); and a name would ask a name server."""
    if host == "::1":
        return True
    try:
        return socket.inet_pton(socket.AF_INET, host)[0] == 127
    except (OSError, ValueError):
        return False


def _checked(name, value, kind, lowest, highest):
    if not isinstance(kind, type):
        return kind(name, value)
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
