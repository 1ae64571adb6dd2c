"""Join (spec/peers/peers.md, section 5).

Peer 7 joins; 3 and 5 are here already, 9 comes at the same time:

    7 -> name service   register            < [7, "a0…"]
    7 -> name service   require_all         < 3, 5, 7, 9
    7 -> 3              register_peer 7     < null       7 has 3 in its list, and 3 has 7
    7 -> 5              register_peer 7     < null
    9 -> 7              register_peer 9                  9 has found 7 in its own answer

Of two peers only the one with the higher id calls. So nobody is told twice, and peers that wait for each other never wait in a
circle.

With the lock there is one thing more to settle: who makes the token. The first peer does, and it knows that it is the first by
finding nobody to call. So that nobody else finds nobody, a joining peer lets those who call it wait until it knows
(`peers.lock.hold-joiners`).
"""

from control import CommandError
from peers.calls import CallFailed, RemoteError, are_registered, expect, is_registration
from promise import Promise, all_ended

ATTEMPTS = 3  # to register at a peer that answers `check` but is itself waiting


class Join:
    """The join of one peer, and what it is told by it: its id and hash at the name service."""

    def __init__(self, peer):
        self._peer = peer
        self.under_way = False
        self.registration = None  # promise: the call of `register` has ended
        self.told = None  # promise: the calls of `register_peer` have ended
        self.decided = None  # promise: it is clear whether we make the token

    def has_begun(self):
        return self.under_way or self._peer.is_joined

    async def command(self):
        peer = self._peer
        if peer.stopping:
            raise CommandError("not-started", "this peer is about to stop")
        if self.has_begun():
            raise CommandError("already-joined", "this peer has joined, or is about to")
        self.under_way = True
        self.registration, self.told, self.decided = Promise(), Promise(), Promise()
        peer.list.begin_join()
        try:
            await self._procedure()
        except (CallFailed, RemoteError, CommandError) as error:
            await self._undo()
            self._continue()
            raise _as_reply(error) from None
        self.under_way = False
        peer.is_joined = True
        return {"id": peer.id, "peers": peer.list.snapshot()}

    def _continue(self):
        if self._peer.stopping:
            raise CommandError("not-started", "this peer is about to stop")

    async def _undo(self):
        """A join that has failed leaves no trace: not at the name service, not at those who were told."""
        self.registration.keep()
        self.told.keep()
        if not self._peer.stopping:
            await self._peer.leave.depart()
        if not self._peer.stopping:
            self._peer.forget_all()
            self.under_way = False

    async def _procedure(self):
        peer = self._peer
        service, type = peer.config.nameService, peer.config.type
        answer = await peer.calls.call(service, "register", [type, peer.address])
        peer.id, peer.hash = expect(answer, is_registration)
        peer.list.remove(peer.id)
        self.registration.keep()
        self._continue()
        answer = await peer.calls.call(service, "require_all", [type])
        self._continue()
        lower = {id: address for id, address in expect(answer, are_registered) if id < peer.id}
        successes = []
        await all_ended([self._tell(id, lower[id], successes) for id in sorted(lower)])
        self.told.keep()
        self._continue()
        if peer.lock and not successes:
            peer.lock.make_token()
        self.decided.keep()
        if peer.database:
            await peer.database.catch_up()
            self._continue()

    async def _tell(self, id, address, successes):
        peer = self._peer
        try:
            await self._register_at(address)
        except (CallFailed, RemoteError):
            return
        successes.append(id)
        if not peer.list.has_left(id) and id not in peer.list and not peer.list.is_full():
            peer.list.add(id, address)

    async def _register_at(self, address):
        peer = self._peer
        for attempt in range(1, ATTEMPTS + 1):
            if peer.leaving:
                raise CallFailed("unreachable", "we are leaving")
            try:
                return await peer.calls.call(address, "register_peer", [peer.id, peer.address])
            except CallFailed as failure:
                if failure.code != "timeout" or attempt == ATTEMPTS or not peer.lock:
                    raise
            # It may be joining as we are, and wait for somebody who is dead.
            await peer.calls.call(address, "check", [])


def _as_reply(error):
    if isinstance(error, CallFailed):
        return CommandError(error.code, error.text)
    if isinstance(error, RemoteError):
        return CommandError("refused", "%s%r" % (error.name, tuple(error.arguments)))
    return error
