#!/usr/bin/env python3
"""A name service or peer of the system `peers`, driven by JSON lines on standard input and output (spec/control/control.md).

    python3 peers_node.py             one process may host several nodes (feature multi-node); it ends with its input
    python3 peers_node.py --single    one process is one node, and ends by itself after `stop`

By hand:

    {"seq":1,"command":"start","node":0,"role":"peers.name-service","config":{"listenPort":20000}}
    {"seq":2,"command":"start","node":1,"role":"peers.peer","config":{"listenPort":20001,"type":"me","nameService":["127.0.0.1",20000]}}
    {"seq":3,"command":"join","node":1}

Python 3.9 or newer on a POSIX system; nothing but the standard library. Start reading with control.py (how it is driven), then
peers/__init__.py (what is where), then promise.py and peers/calls.py.
"""

import sys

from control import Implementation
from program import main


def load():
    from peers.name_service import NameService
    from peers.peer import Peer

    return {"peers.name-service": NameService, "peers.peer": Peer}


FEATURES = ("peers.list", "peers.message", "peers.lock", "peers.database")
PEERS = Implementation("peers-python", "0.1", FEATURES, ["peers.name-service", "peers.peer"], load)

if __name__ == "__main__":
    sys.exit(main(PEERS, sys.argv[1:], __doc__))
