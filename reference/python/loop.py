"""The event loop: one thread that serves every socket, timer and pipe of the program.

A node must never wait for one party while another one calls (spec: common, `common.tcp.slow`). Instead of a thread for each
connection there is a single loop. It sleeps until a socket is readable or writable or a timer is due, calls the function that
was registered for it, and goes back to sleep. No function that it calls may block, so there are no locks anywhere in this
program: between two lines of a handler nothing else can happen.

The standard library has `asyncio` for the same purpose. This loop is short enough to be read in five minutes, and it starts
faster.
"""

import heapq
import selectors
import sys
import time
from collections import deque

_log_budget = 64 * 1024


def log(text):
    """Write one line for humans to standard error.

    Nobody promises to read it, and a write to a full pipe blocks. So the whole log of a process is bounded to what a pipe
    holds.
    """
    global _log_budget
    line = text + "\n"
    _log_budget -= len(line)
    if _log_budget >= 0:
        try:
            sys.stderr.write(line)
            sys.stderr.flush()
        except (OSError, ValueError, AttributeError):
            pass


class Timer:
    """A call that is due at a later time; `cancel` takes it back."""

    __slots__ = ("due", "callback", "args")

    def __init__(self, due, callback, args):
        self.due = due
        self.callback = callback
        self.args = args

    def cancel(self):
        # The timer stays in the heap until it is due and is skipped then: cheaper than searching the heap for it.
        self.callback = None
        self.args = ()


class Watch:
    """What to call when one file descriptor is readable or writable."""

    __slots__ = ("readable", "writable")

    def __init__(self, readable, writable):
        self.readable = readable
        self.writable = writable


class Loop:
    def __init__(self):
        # poll() also takes regular files, so `ring_peer.py < commands.jsonl` works; epoll() refuses them.
        selector = getattr(selectors, "PollSelector", selectors.DefaultSelector)
        self._selector = selector()
        self._watches = {}
        self._timers = []
        self._count = 0
        self._soon = deque()
        self._running = True

    @staticmethod
    def now():
        """Seconds on a clock that never goes back."""
        return time.monotonic()

    def later(self, milliseconds, callback, *args):
        """Call `callback` once, after that time."""
        timer = Timer(self.now() + milliseconds / 1000, callback, args)
        self._count += 1  # two timers that are due at the same time: the older one first
        heapq.heappush(self._timers, (timer.due, self._count, timer))
        return timer

    def soon(self, callback, *args):
        """Call `callback` in the next round, after the sockets had their turn."""
        self._soon.append((callback, args))

    def work(self, generator):
        """Run long work in slices: one step of the generator in each round.

        Hashing a file of a gigabyte takes seconds. Done in one piece it would leave the pings of peer 4 unanswered for so long
        that peer 4 takes us for dead.
        """
        for _ in generator:
            self.soon(self.work, generator)
            return

    def watch(self, descriptor, readable, writable):
        """Call `readable` or `writable` (either may be None) whenever the descriptor is; both None ends the watch."""
        number = descriptor if isinstance(descriptor, int) else descriptor.fileno()
        events = (selectors.EVENT_READ if readable else 0) | (selectors.EVENT_WRITE if writable else 0)
        known = self._watches.get(number)
        if events == 0:
            if known is not None:
                self._selector.unregister(number)
                del self._watches[number]
            return
        if known is None:
            known = self._watches[number] = Watch(readable, writable)
            self._selector.register(number, events, known)
        else:
            known.readable, known.writable = readable, writable
            self._selector.modify(number, events, known)

    def stop(self):
        self._running = False

    def run(self):
        while self._running:
            # Sockets come before timers. After a pause of the whole process (a busy machine, a debugger) the pongs that wait in
            # the socket are read before the timer that would count them as missing.
            for key, events in self._selector.select(self._pause()):
                watch = key.data
                if events & selectors.EVENT_READ and watch.readable and self._watches.get(key.fd) is watch:
                    self._call(watch.readable, ())
                # The first call may have closed the descriptor, and a new socket may have its number already.
                if events & selectors.EVENT_WRITE and watch.writable and self._watches.get(key.fd) is watch:
                    self._call(watch.writable, ())
            now = self.now()
            while self._timers and self._timers[0][0] <= now:
                timer = heapq.heappop(self._timers)[2]
                if timer.callback:
                    self._call(timer.callback, timer.args)
            for _ in range(len(self._soon)):
                callback, args = self._soon.popleft()
                self._call(callback, args)

    def _pause(self):
        if self._soon:
            return 0
        while self._timers and self._timers[0][2].callback is None:
            heapq.heappop(self._timers)
        if not self._timers:
            return None
        return max(0, self._timers[0][0] - self.now())

    @staticmethod
    def _call(callback, args):
        try:
            callback(*args)
        except Exception as error:  # a mistake in one handler must not end the nodes that this process hosts
            import traceback

            log("internal error: %r\n%s" % (error, traceback.format_exc()))
