#!/usr/bin/env python3
"""A peer of the system `ring`, driven by JSON lines on standard input and output (spec/control/control.md).

    python3 ring_peer.py             one process may host several nodes (feature multi-node); it ends with its input
    python3 ring_peer.py --single    one process is one node, and ends by itself after `stop`

By hand:

    {"seq":1,"command":"start","node":4,"role":"ring.peer","config":{"id":4,"basePort":20000,"folder":"/tmp/peer4"}}
    {"seq":2,"command":"init","node":4,"successors":[4,4]}
    {"seq":3,"command":"state","node":4}

Python 3.9 or newer on a POSIX system; nothing but the standard library. Start reading with control.py (how it is driven), then
ring/__init__.py (what is where), then ring/circle.py.
"""

import sys

from control import Program
from loop import Loop


def raise_file_limit():
    """Let the process open as many sockets as it may: a process that hosts twenty peers needs more than the usual 1024."""
    try:
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard == resource.RLIM_INFINITY or hard > 65536:
            hard = 65536
        if soft < hard:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    except (ImportError, OSError, ValueError):
        pass


def main(arguments):
    unknown = [argument for argument in arguments if argument != "--single"]
    if unknown:
        sys.stderr.write(__doc__)
        return 2
    loop = Loop()
    program = Program(loop, single="--single" in arguments)
    try:
        raise_file_limit()
        loop.run()
    except KeyboardInterrupt:
        pass
    program.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
