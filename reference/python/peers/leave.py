"""Leave (spec/peers/peers.md, section 5, and for the token section 7).

Peer 5 leaves; 3 and 7 are in its list:

    5 -> name service   require_all, 5 -> 7  obtain_token     only with the lock, and only if the token is here
    5 -> name service   unregister
    5 -> 3, 5 -> 7      unregister_peer 5

A joining peer may find 5 at the name service until `unregister` has ended, and call it. It is told that 5 is leaving; with the
lock only after that, because it may be the one that makes the next token, and must not before ours is handed over.
"""

from peers.calls import CallFailed, RemoteError
from promise import Promise, all_ended, run


class Leave:
    def __init__(self, peer):
        self._peer = peer
        self.forget()

    def forget(self):
        """A peer whose join has failed has left, and may join again."""
        self._departure = None  # promise: all is over
        self._unregistered = Promise()
        self.is_telling = False  # from now on others no longer count on us, and tell us nothing

    def has_begun(self):
        return self._departure is not None

    def refusal(self):
        return RemoteError("LeavingError", "this peer is leaving")

    async def refuse_late(self):
        """The answer to those who come now, when it is time for it."""
        await self._unregistered
        raise self.refusal()

    def depart(self):
        """Leave in order, once. What fails on the way changes nothing about the rest."""
        if self._departure is None:
            self._departure = Promise()
            run(all_ended([self._procedure()])).then(lambda _: self._departure.keep())
        return self._departure

    async def _procedure(self):
        peer = self._peer
        if peer.join.under_way:
            # The name service may be about to give us an id, which would be left behind there.
            await peer.join.registration
        if peer.lock:
            peer.lock.stop_waiting()
            if peer.database:
                await peer.database.finish()
            await peer.lock.hand_over()
        if peer.has_id():
            await self._unregister()
        self._unregistered.keep()
        if peer.join.under_way:
            peer.join.decided.fail(self.refusal())
            await peer.join.told
        self.is_telling = True
        if peer.has_id():
            await all_ended([self._tell(id) for id in peer.list.ids()])

    async def _unregister(self):
        peer = self._peer
        try:
            await peer.calls.call(peer.config.nameService, "unregister", [peer.id, peer.config.type, peer.hash])
        except (CallFailed, RemoteError):
            pass

    async def _tell(self, id):
        try:
            if id in self._peer.list:
                await self._peer.list.call(id, "unregister_peer", self._peer.id)
        except (CallFailed, RemoteError):
            pass
