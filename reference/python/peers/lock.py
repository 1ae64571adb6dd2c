"""The lock (spec/peers/peers.md, section 7): the second algorithm of Ricart and Agrawala.

There is one token of a type, and who holds it has the lock. Who wants it asks everybody, because nobody knows where it is. Each
peer notes the time of everyone's latest request; the token carries the time of everyone's latest release. So whoever has the
token sees who is still waiting: those whose request is newer than their release.

    peers 1, 2 and 3; the token is at 1, and 1 holds it
    3 -> 1, 3 -> 2   request_token 1 3       both note 3: 1
    2 -> 1, 2 -> 3   request_token 1 2       both note 2: 1
    1 releases       token {1:1, 2:0, 3:0}   2 is the next above 1 whose request 1 is newer than its 0
    1 -> 2           obtain_token            2 holds it; when 2 releases, 3 is served, however often 1 asks meanwhile

The times are counted by each peer for itself and compared only with its own.
"""

from collections import OrderedDict

from control import CommandError
from peers.calls import CallFailed, RemoteError, are_registered, expect
from peers.peer_list import EARLY_MAX
from promise import Promise, start

NONE, PRESENT, HELD = "none", "present", "held"


class User:
    """Whoever in this peer wants the lock or has it: a command or the database."""

    def __init__(self, by_command):
        self.by_command = by_command
        self.granted = Promise()  # kept with True when the lock is held, with False when there is no hope left
        self.timer = None


class Lock:
    def __init__(self, peer):
        self._peer = peer
        self._list = peer.list
        self._list.on_added = self._added
        self._list.on_removed = self._removed
        self.reset()

    def reset(self):
        self.state = NONE
        self._clock = 0
        self._requests = {}  # id: time, of peers in the list
        self._early = OrderedDict()  # the same of those who are not in the list yet, at most EARLY_MAX
        self._token = None  # id: time, of ourselves and the peers in the list, while the token is here
        self._has_been_here = False
        self._user = None  # who has the lock, or for whom we have asked for it
        self._next = None  # who wants it after that: the database while a command has it
        self._passing = None  # promise while a call of `obtain_token` is under way
        self._arrivals = 0  # how often the token has come

    # -- the users of this peer --

    def acquire(self):
        """For a command: promise of whether the lock is held."""
        if self._user or self._next:
            raise CommandError("busy", "this peer has the lock, or is waiting for it")
        return self._want(User(by_command=True))

    def acquire_for_database(self):
        """The same; here at most one call at a time."""
        return self._want(User(by_command=False))

    def release_by_command(self):
        if self.state != HELD or not self._user.by_command:
            raise CommandError("not-held", "this peer does not hold the lock")
        self.release()

    def release(self):
        self._user = None
        if self.state == HELD:  # unless we are leaving, and have handed it over
            self._settle_release()
        self._begin_next()

    def _want(self, user):
        user.timer = self._peer.loop.later(self._peer.config.acquireTimeoutMs, self._give_up, user)
        if self._user:
            self._next = user
        else:
            self._begin(user)
        return user.granted

    def _begin(self, user):
        self._user = user
        self._clock += 1
        if self.state == PRESENT:
            self._hold()
        else:
            for id in self._list.ids():
                start(self._ask(id))

    def _begin_next(self):
        user, self._next = self._next, None
        if user:
            self._begin(user)

    async def _ask(self, id):
        try:
            await self._list.call(id, "request_token", self._clock, self._peer.id)
        except (CallFailed, RemoteError):
            pass

    def _is_waiting(self):
        return self._user is not None and self.state != HELD

    def _hold(self):
        self._user.timer.cancel()
        self._become(HELD)
        self._user.granted.keep(True)

    def _give_up(self, user):
        user.timer.cancel()
        if user is self._user:
            self._user = None
            self._begin_next()
        elif user is self._next:
            self._next = None
        user.granted.keep(False)

    def stop_waiting(self):
        """We leave: nobody here gets the lock any more."""
        if self._next:
            self._give_up(self._next)
        if self._is_waiting():
            self._give_up(self._user)

    # -- the state --

    def _become(self, state):
        if state != self.state:
            self.state = state
            self._peer.emit("token", token=state)

    def snapshot(self):
        return [[id, time] for id, time in sorted(self._requests.items()) if time > 0]

    def make_token(self):
        """Nobody was here before us (`peers.lock.create`)."""
        if not self._has_been_here:
            self._receive([])

    def _added(self, id):
        early = self._early.pop(id, 0)
        if early:
            self._requests[id] = early
        if self._is_waiting():
            start(self._ask(id))
        self._pass_if_idle()

    def _removed(self, id):
        self._requests.pop(id, None)
        if self._token:
            self._token.pop(id, None)

    # -- methods --

    def request_token(self, time, id):
        if id in self._list:
            self._requests[id] = max(time, self._requests.get(id, 0))
            self._pass_if_idle()
        elif id in self._early or len(self._early) < EARLY_MAX:
            self._early[id] = max(time, self._early.get(id, 0))

    def obtain_token(self, pairs):
        self._receive(pairs)

    def _receive(self, pairs):
        self._has_been_here = True
        self._arrivals += 1
        times = {} if self._token is None else self._token
        for id, time in pairs:
            # While we join, peers are missing in our list that are about to get into it.
            if id in self._list or id == self._peer.id or not self._peer.is_joined:
                times[id] = max(time, times.get(id, 0))
        self._token = times
        if self.state == NONE:
            if self._is_waiting():
                self._hold()
            else:
                self._settle_release()
        else:
            self._pass_if_idle()

    # -- passing on --

    def _settle_release(self):
        """The token is here and nobody here uses it (any more)."""
        self._token[self._peer.id] = self._clock
        self._become(PRESENT)
        self._pass_if_idle()

    def _next_requester(self, tried=()):
        """The first peer with an unserved request: those above us first, then those below, so that everyone has a turn."""
        ids, own = self._list.ids(), self._peer.id
        for id in [id for id in ids if id > own] + [id for id in ids if id < own]:
            if id not in tried and self._requests.get(id, 0) > self._token.get(id, 0):
                return id
        return None

    def _pass_if_idle(self):
        if self.state == PRESENT and not self._peer.leaving and self._next_requester() is not None:
            start(self._pass_on())

    async def _pass_on(self):
        """Give the token to the first requester that can take it. If there is none it stays, or serves our own user."""
        while self.state == PRESENT and not self._peer.leaving:
            to = self._next_requester()
            if to is None:
                if self._is_waiting():
                    self._hold()
                return
            if await self._give(to):
                return

    async def _give(self, to, address=None):
        """Hand the token to a peer of the list, or to another one at that address; whether it is gone."""
        token, arrivals = self._token, self._arrivals
        pairs = [[id, token.get(id, 0)] for id in [self._peer.id, *self._list.ids()]]
        self._token = None
        self._passing = Promise()
        self._become(NONE)
        try:
            if address is None:
                await self._list.call(to, "obtain_token", pairs)
            else:
                await self._peer.calls.call(address, "obtain_token", [pairs])
            is_gone = True
        except (CallFailed, RemoteError):
            is_gone = False
            self._requests.pop(to, None)  # if it is alive it will ask again, if it wants to
        if not is_gone and arrivals != self._arrivals:
            is_gone = True  # it has been there, and is even back: only the answer was lost
        if not is_gone:
            self._token = {id: time for id, time in token.items() if id == self._peer.id or id in self._list}
            self._become(PRESENT)
        passing, self._passing = self._passing, None
        passing.keep()
        return is_gone

    # -- leaving --

    async def hand_over(self):
        """Whoever has the token when it leaves gives it to somebody else (`peers.lock.leave`)."""
        if self._passing:
            await self._passing
        tried = {self._peer.id}
        is_new = True
        while self.state != NONE and is_new:
            registered = await self._registered()
            is_new = False
            while self.state != NONE:
                to = self._candidate(registered or {}, tried)
                if to is None:
                    break
                is_new = registered is not None
                tried.add(to)
                await self._give(to, None if to in self._list else registered[to])

    async def _registered(self):
        """Who is registered: id and address. None if the name service does not say."""
        config = self._peer.config
        try:
            answer = await self._peer.calls.call(config.nameService, "require_all", [config.type])
            return dict(expect(answer, are_registered))
        except (CallFailed, RemoteError):
            return None

    def _candidate(self, registered, tried):
        """A peer that is registered and not in our list is joining: it may be the only one that will be left. Then those who
        have asked, then anybody."""
        joining = [id for id in registered if id not in self._list and id not in tried]
        if joining:
            return min(joining)
        requester = self._next_requester(tried)
        if requester is not None:
            return requester
        return next((id for id in self._list.ids() if id not in tried), None)
