"""What the values of a message may be. A check takes a value that came from JSON and says whether it is right.

    checks = {"from": integer(0, 255), "seq": is_count}
    checks["seq"](True)        False: Python counts booleans among the integers, JSON does not
"""

from wire import MAX_INTEGER


def integer(lowest, highest):
    return lambda value: type(value) is int and lowest <= value <= highest


def one_of(*texts):
    return lambda value: isinstance(value, str) and value in texts


def text(shortest, longest):
    """A string of so many characters, which are Unicode code points here as in the specification."""
    return lambda value: isinstance(value, str) and shortest <= len(value) <= longest


def is_text(value):
    return isinstance(value, str)


is_count = integer(0, MAX_INTEGER)


def pair(first, second):
    return lambda value: isinstance(value, list) and len(value) == 2 and first(value[0]) and second(value[1])


def array(of):
    return lambda value: isinstance(value, list) and all(map(of, value))
