"""The circle of ids (spec/ring/ring.md, section 1).

The ids 0 to 255 lie on a circle: after 255 comes 0. Everything is asked in one direction, clockwise, which is upwards:

    in_half_open(2, 14, 4)    going from 14 over 255 and 0, one meets 2 before 4: yes
    in_half_open(9, 14, 4)    no

Subtracting modulo 256 turns the circle into a distance, and the distance knows nothing of the wrap. That is why 0 is an id like
any other here; a comparison such as `a < b` would make it a special case in every rule.
"""

import re

SIZE = 256

_NAME = re.compile("[0-9]{4}")


def distance(start, end):
    """Steps clockwise from one id to another: distance(250, 4) is 10."""
    return (end - start) % SIZE


def in_half_open(a, x, y):
    """a in (x, y]. The interval (x, x] is the whole circle: a peer that is alone owns every key."""
    return x == y or 0 < distance(x, a) <= distance(x, y)


def in_open(a, x, y):
    """a in (x, y). The interval (x, x) is the whole circle without x: a peer that is alone accepts every other newcomer."""
    if x == y:
        return a != x
    return 0 < distance(x, a) < distance(x, y)


def is_name(value):
    """A file name is a string of exactly four ASCII digits (`ring.circle.name`).

    `fullmatch`, because `$` would also accept "2067\\n", and `[0-9]`, because `\\d` also accepts the digits of other scripts.
    """
    return isinstance(value, str) and _NAME.fullmatch(value) is not None


def key_of(name):
    """The key of a file: file 2067 has the key 2067 mod 256 = 19."""
    return int(name) % SIZE
