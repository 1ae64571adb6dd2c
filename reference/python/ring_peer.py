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

from control import Implementation
from program import main


def load():
    from ring.peer import Peer

    return {"ring.peer": Peer}


FEATURES = ("ring.join", "ring.leave", "ring.repair", "ring.store", "ring.transfer.tcp", "ring.transfer.udp")
RING = Implementation("ring-python", "0.1", FEATURES, ["ring.peer"], load)

if __name__ == "__main__":
    sys.exit(main(RING, sys.argv[1:], __doc__))
