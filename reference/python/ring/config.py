"""The configuration of a peer (spec/ring/ring.md, section 3)."""

import os

from configuration import REQUIRED, BadConfig, Configuration


class Config(Configuration):
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

    def __init__(self, given):
        super().__init__(given)
        if self.listenPort is None:
            self.listenPort = self.basePort + self.id
        self.folder = os.path.abspath(self.folder)
        if not os.path.isdir(self.folder):
            raise BadConfig("folder: no such folder")
