"""The name service (spec/peers/peers.md, section 4): it knows where the peers of each type are.

    > register "fortune", ["127.0.0.1", 4001]      < [0, "f3…"]      the first peer
    > register "fortune", ["127.0.0.1", 4002]      < [1, "0c…"]
    > require_all "fortune"                        < [[0, ["127.0.0.1", 4001]], [1, ["127.0.0.1", 4002]]]
    > unregister 0, "fortune", "f3…"               < null            and then it asks 1: check

A peer that dies says nothing. So whenever one leaves, the name service looks after those who remain.
"""

import random
import secrets

from control import CommandError
from peers.calls import NAME_SERVICE, NO_ID, CallFailed, RemoteError
from peers.config import NameServiceConfig
from peers.skeleton import Skeleton
from peers.stub import Calls
from promise import all_ended, start


class Registration:
    def __init__(self, id, type, address):
        self.id = id
        self.type = type
        self.address = address
        self.hash = secrets.token_hex(16)  # who knows it is the peer that we gave it to

    def is_own(self, answer):
        """Whether this answer to `check` is that of our peer. Before it has read its id it says -1."""
        return (
            isinstance(answer, list)
            and len(answer) == 2
            and type(answer[0]) is int
            and answer[0] in (self.id, NO_ID)
            and answer[1] == self.type
        )


class NameService:
    Config = NameServiceConfig
    COMMANDS = ("state", "stop")

    def __init__(self, loop, config, emit):
        self._max = config.registrationsMax
        self._next_id = 0
        self._count = 0  # registrations at present, at most `registrationsMax`
        self._types = {}  # type: {id: Registration}, in the order of ids; a type without peers is not kept
        self._places = {}  # (type, host, port): Registration
        self._rounds = {}  # type, while it is checked: who has a lower id than this is checked in another round; 0 if there is none
        self._random = random.SystemRandom()
        self._calls = Calls(loop, config.checkTimeoutMs)
        functions = {
            "register": self.register,
            "unregister": self.unregister,
            "require_all": self.require_all,
            "require_any": self.require_any,
            "require_object": self.require_object,
        }
        methods = {name: (checks, functions[name]) for name, checks in NAME_SERVICE.items()}
        try:
            self._skeleton = Skeleton(loop, config.host, config.listenPort, methods)
        except OSError as error:
            raise CommandError.no_address(config.host, config.listenPort, error) from None

    # -- methods --

    def register(self, type, address):
        place = (type, *address)
        older = self._places.get(place)
        if older:  # a peer that crashed has come back
            self._remove(older)
        elif self._count >= self._max:
            raise RemoteError("BusyError", "%d peers are registered" % self._count)
        registration = Registration(self._next_id, type, address)
        self._next_id += 1  # ids of all types come from one row, so none is given twice
        self._count += 1
        self._types.setdefault(type, {})[registration.id] = registration
        self._places[place] = registration
        return [registration.id, registration.hash]

    def unregister(self, id, type, hash):
        registration = self._types.get(type, {}).get(id)
        if registration is None or not secrets.compare_digest(registration.hash.encode(), hash.encode("utf-8", "replace")):
            raise RemoteError("ValueError", "no registration with this id, type and hash")
        self._remove(registration)
        if type in self._rounds:
            self._rounds[type] = self._next_id
        elif type in self._types:
            start(self._check_all(type))

    def require_all(self, type):
        return [[id, registration.address] for id, registration in self._types.get(type, {}).items()]

    def require_any(self, type):
        if type not in self._types:
            raise RemoteError("LookupError", "no peer of type '%s'" % type)
        return self._random.choice(list(self._types[type].values())).address

    def require_object(self, type, id):
        registration = self._types.get(type, {}).get(id)
        if registration is None:
            raise RemoteError("LookupError", "no peer of type '%s' with id %d" % (type, id))
        return registration.address

    def _remove(self, registration):
        peers = self._types[registration.type]
        del peers[registration.id]
        if not peers:
            del self._types[registration.type]
        del self._places[(registration.type, *registration.address)]
        self._count -= 1

    # -- those who remain --

    async def _check_all(self, type):
        """Rounds of checks, until nobody of this type has unregistered during the last one."""
        self._rounds[type] = self._next_id
        while self._rounds[type]:
            ids_end, self._rounds[type] = self._rounds[type], 0
            remaining = [peer for peer in self._types.get(type, {}).values() if peer.id < ids_end]
            await all_ended([self._check(registration) for registration in remaining])
        del self._rounds[type]

    async def _check(self, registration):
        try:
            answer = await self._calls.call(registration.address, "check", [])
        except (CallFailed, RemoteError):
            answer = None
        is_registered = self._types.get(registration.type, {}).get(registration.id) is registration
        if is_registered and not registration.is_own(answer):
            self._remove(registration)

    # -- commands --

    def offers(self, name):
        return name in self.COMMANDS

    @staticmethod
    def arguments(name, command):
        return ()

    def command(self, name, arguments, reply):
        types = {
            type: [{"id": id, "address": registration.address} for id, registration in peers.items()]
            for type, peers in self._types.items()
        }
        reply.ok({"types": types})

    def stop(self, reply, on_stopped):
        self.close()
        reply.ok()
        on_stopped()

    def close(self):
        self._calls.close()
        self._skeleton.close()
