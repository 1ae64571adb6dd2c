"""Waiting without blocking: a procedure that reads from top to bottom, and stops at each `await` until something has happened.

To join, a peer calls the name service, waits for its answer, calls all lower peers, waits again. Meanwhile it has to answer the
calls of others, in the same thread. Python's `async def` cuts such a procedure into pieces at each `await`; all that it needs
is somebody who runs the next piece. `asyncio` would do that too, but brings a loop of its own; the few lines here use ours.

    async def join(self):
        id, hash = await self.calls.call(address, "register", [...])    others are served while we wait

A piece runs at once when its promise is kept, within the call of `keep`. So nothing can happen in between, and what is true
when the answer is read is still true in the line after the `await`.
"""

import traceback

from loop import log


class Promise:
    """A value that may not be there yet. It is kept, or broken with an exception, once; what comes after that is ignored."""

    def __init__(self):
        self.settled = False
        self._value = None
        self._error = None
        self._waiting = []

    def keep(self, value=None):
        self._settle(value, None)

    def fail(self, error):
        self._settle(None, error)

    def _settle(self, value, error):
        if self.settled:
            return
        self.settled = True
        self._value, self._error = value, error
        waiting, self._waiting = self._waiting, None
        for callback in waiting:
            callback(self)

    def then(self, callback):
        """Call `callback(promise)` when it is settled: at once if it is already."""
        if self.settled:
            callback(self)
        else:
            self._waiting.append(callback)

    def value(self):
        """The value of a promise that is settled, or its exception."""
        if self._error is not None:
            raise self._error
        return self._value

    def __await__(self):
        if not self.settled:
            yield self
        return self.value()


def run(coroutine):
    """Begin a procedure; the promise of its result."""
    result = Promise()

    def step(_):
        try:
            awaited = coroutine.send(None)
        except StopIteration as end:
            result.keep(end.value)
        except Exception as error:
            result.fail(error)
        else:
            awaited.then(step)

    step(None)
    return result


def start(coroutine):
    """Begin a procedure that nobody waits for. A mistake in it ends this procedure and nothing else."""
    run(all_ended([coroutine]))


async def all_ended(coroutines):
    """Run procedures at the same time, and wait until the last one has ended."""
    for promise in [run(coroutine) for coroutine in coroutines]:
        try:
            await promise
        except Exception as error:
            log_mistake(error)


def log_mistake(error):
    trace = traceback.format_exception(type(error), error, error.__traceback__)
    log("internal error: %r\n%s" % (error, "".join(trace)))
