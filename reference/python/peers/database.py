"""The database (spec/peers/peers.md, section 8): every peer has the same list of fortunes.

One copy is read, all are written. A write takes the lock first, so that all copies get all writes in the same order:

    write "A" at 3:  3 has the lock; "A" into the own copy; 3 -> 1, 3 -> 2  write_local "A"; release

A peer that joins has missed what was written before. It takes the lock, so that nobody writes meanwhile, and asks another peer
for its copy. A write that was under way when it came reaches it as well, and must not be there twice: until it has
its copy it ignores what it is told.
"""

import random
from collections import deque

from control import CommandError
from peers.calls import FORTUNES_MAX, CallFailed, RemoteError, are_fortunes, expect
from promise import Promise, all_ended, start

WAITING_MAX = 100


class Database:
    def __init__(self, peer, fortunes):
        self._peer = peer
        self._initial = fortunes
        self._random = random.Random(peer.config.seed)
        self._waiting = deque()  # (fortune, promise) of the writes that wait their turn, at most WAITING_MAX
        self._working = None  # promise while writes are under way
        self.reset()

    def reset(self):
        self.fortunes = list(self._initial)
        self._ready = False

    # -- methods and commands --

    def read(self):
        return self._random.choice(self.fortunes) if self.fortunes else None

    def read_all(self):
        self._need_ready()
        if self._peer.leave.is_telling:
            raise self._peer.leave.refusal()  # we may have missed a write
        return self.fortunes

    def write_local(self, fortune):
        if self._ready:
            self._need_room()
            self.fortunes.append(fortune)

    def write(self, fortune):
        """Promise that the fortune is in all copies."""
        self._need_ready()
        self._need_room()
        if self._peer.leaving:
            raise self._peer.leave.refusal()
        if len(self._waiting) >= WAITING_MAX:
            raise RemoteError("BusyError", "%d writes are waiting" % WAITING_MAX)
        promise = Promise()
        self._waiting.append((fortune, promise))
        if not self._working:
            start(self._work())
        return promise

    async def write_by_command(self, fortune):
        try:
            await self.write(fortune)
        except RemoteError as error:
            code = {"BusyError": "busy", "TimeoutError": "timeout"}.get(error.name, "not-started")
            raise CommandError(code, error.arguments[0]) from None
        return {}

    def _need_ready(self):
        if not self._ready:
            raise RemoteError("NotReadyError", "this peer has no copy yet")

    def _need_room(self):
        if len(self.fortunes) >= FORTUNES_MAX:
            raise RemoteError("BusyError", "there are %d fortunes" % FORTUNES_MAX)

    # -- writing --

    async def _work(self):
        """One write after the other, each under the lock."""
        self._working = Promise()
        while self._waiting:
            fortune, promise = self._waiting.popleft()
            held = await self._peer.lock.acquire_for_database()
            if self._peer.leaving and not held:
                promise.fail(self._peer.leave.refusal())
            elif not held:
                promise.fail(RemoteError("TimeoutError", "no lock within %d ms" % self._peer.config.acquireTimeoutMs))
            else:
                await self._write_all(fortune, promise)
        working, self._working = self._working, None
        working.keep()

    async def _write_all(self, fortune, promise):
        try:
            self._need_room()
        except RemoteError as error:
            self._peer.lock.release()
            promise.fail(error)
            return
        self.fortunes.append(fortune)
        await all_ended([self._write_at(id, fortune) for id in self._peer.list.ids()])
        self._peer.lock.release()
        promise.keep()

    async def _write_at(self, id, fortune):
        try:
            await self._peer.list.call(id, "write_local", fortune)
        except (CallFailed, RemoteError):
            pass  # it is dead, or has no database

    async def finish(self):
        """We leave: the write that has the lock is brought to its end, or some would have it and some not. No other begins."""
        while self._waiting:
            self._waiting.popleft()[1].fail(self._peer.leave.refusal())
        if self._working:
            await self._working

    # -- joining --

    async def catch_up(self):
        if not await self._peer.lock.acquire_for_database():
            raise CommandError("timeout", "no lock within %d ms" % self._peer.config.acquireTimeoutMs)
        for id in self._peer.list.ids():
            if id in self._peer.list and not self._peer.leaving:
                copy = await self._copy_of(id)
                if copy is not None:
                    self.fortunes = copy
                    break
        self._ready = True
        self._peer.lock.release()

    async def _copy_of(self, id):
        try:
            return expect(await self._peer.list.call(id, "read_all"), are_fortunes)
        except (CallFailed, RemoteError):
            return None
