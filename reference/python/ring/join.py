"""How a peer joins (spec/ring/ring.md, section 7).

Peer 15 wants to join the ring 2, 4, 5, 8, 9, 14, 19 and knows only peer 4. It listens first, and then asks:

    15 -> 4     join, route []                   this connection stays open
    4 -> 5      join, route [4]                  not mine: 15 is not in (4, 5)
    5 -> 8 -> 9 -> 14                            and so on, along first successors
    14 -> 15    accept [19, 2], route [4,5,8,9,14]      15 is in (14, 19): mine
    14 -> 9     successor-change [14, 15]        9 has a new second successor
    15 -> 19    ping, slot 1                     and so 19 learns who its first predecessor is

Three peers play a part: the *newcomer* (15), the *known peer* (4) and the *acceptor* (14). All three are here.

If the answer is no, it must not go to the address of peer 15, for if the id is taken, somebody else lives there. It goes
back to peer 4, and peer 4 writes it to the connection on which the newcomer waits.
"""

from control import CommandError
from ring import messages
from ring.circle import in_open
from wire import Refusal

WAITING_MAX = 64


class Newcomer:
    """Our own join under way."""

    def __init__(self, reply, errand, timer):
        self.reply = reply
        self.errand = errand
        self.timer = timer
        self.held = []  # (stream, message): questions of peers that know of our acceptance before we do


class Join:
    def __init__(self, peer):
        self.peer = peer
        self.members = peer.members
        self.id = peer.id
        self._own = None
        # As known peer: newcomer id -> the connection on which it waits; and those that only wait for a late decline,
        # because the newcomer has shut down its sending side. Most of these are gone; that cannot be seen from here.
        self._waiting = {}
        self._half_closed = {}
        # As acceptor: the newcomer whose `accept` is on its way, and joins that have to wait until that is settled.
        self._accepting = None
        self._deferred = []
        self._tell_later = False

    def close(self):
        if self._own:
            own, self._own = self._own, None
            own.timer.cancel()
            own.reply.fail("not-started", "this node was stopped")

    # -- the newcomer --

    def is_joining(self):
        return self._own is not None

    def start(self, via, reply):
        if self.members.in_ring() or self.is_joining():
            raise CommandError("already-in-ring", "this peer is in a ring, or is joining one")
        if via == self.id:
            raise CommandError("bad-argument", "via: a peer cannot join through itself")
        timeout = self.peer.config.joinTimeoutMs
        message = {"type": "ring.join", "from": self.id, "id": self.id, "route": []}
        errand = self.peer.dial(via, message, on_answer=self._answer, on_done=self._connection_over)
        timer = self.peer.loop.later(timeout, self._give_up, "timeout", "no answer for %d ms" % timeout)
        self._own = Newcomer(reply, errand, timer)

    def _connection_over(self, reason):
        # A connection that ends later says nothing: the acceptor, which is another peer, may already be on its way to us.
        if reason == "unreachable":
            self._give_up("unreachable", "the known peer cannot be reached")

    def _answer(self, message):
        if message["type"] == "ring.decline" and message["id"] == self.id:
            self._give_up(message["reason"], "declined by peer %d" % message["from"])
        elif message["type"] == "error":
            self._give_up("unreachable", "the known peer answered %s: %s" % (message["code"], message["message"]))

    def _end_own(self):
        own, self._own = self._own, None
        own.timer.cancel()
        own.errand.end()
        return own

    def _give_up(self, code, text):
        if not self._own:
            return
        own = self._end_own()
        own.reply.fail(code, text)
        self._answer_held(own)

    def on_accept(self, stream, message):
        if not self._own:
            raise Refusal("unexpected", "this peer does not wait to be accepted")
        first, second = message["successors"]
        if first == self.id:
            raise Refusal("unexpected", "the newcomer cannot be its own successor")
        own = self._end_own()
        self.members.set_successors(first, second, "join")
        own.reply.ok({"successors": [first, second], "route": message["route"]})
        self._answer_held(own)

    def require_ring(self, stream, message):
        """True if the message can be handled now; else it is refused, or held until we know whether we get into the ring.

        14 accepts 15 and in the same moment passes a request on to it. The two arrive on two connections, in any order.
        """
        if self.members.in_ring():
            return True
        if self._own and len(self._own.held) < WAITING_MAX:
            stream.pause()
            stream.due += 1
            self._own.held.append((stream, message))
            return False
        raise Refusal("not-in-ring", "this peer has no successors yet")

    def _answer_held(self, own):
        for stream, message in own.held:
            if not stream.closed:
                stream.due -= 1
                self.peer.loop.soon(stream.user.take, stream, message)
                stream.resume()

    # -- the known peer, and every peer on the way --

    def on_join(self, stream, message):
        if not self.require_ring(stream, message):
            return
        newcomer = message["id"]
        if not message["route"]:
            if newcomer in self._waiting:
                self._decline_to(stream, message, "duplicate-id")
                return
            if len(self._waiting) + len(self._half_closed) >= WAITING_MAX:
                if not self._half_closed:
                    raise Refusal("busy", "%d newcomers are waiting" % WAITING_MAX)
                self._forget_half_closed(next(iter(self._half_closed)))
            if newcomer in self._half_closed:
                self._forget_half_closed(newcomer)
            self._waiting[newcomer] = stream
            stream.due += 1
        self._consider(message)

    def _consider(self, message, deadline=None):
        newcomer, route = message["id"], message["route"]
        first = self.members.successors[0]
        if newcomer in (self.id, first):
            self._decline(message, "duplicate-id")
        elif in_open(newcomer, self.id, first):
            if self._accepting is not None:
                # While we do not know whether the last newcomer got our word, we cannot tell this one its successors.
                if len(self._deferred) < WAITING_MAX:
                    self._deferred.append(message)
                return
            self._accept(message)
        elif self.id in route or len(route) == messages.MAX_ROUTE:
            self._decline(message, "no-place")
        else:
            self._forward(message, deadline or self.peer.loop.now() + self.peer.config.joinTimeoutMs / 1000)

    def _forward(self, message, deadline):
        passed = messages.passed_on(message, **{"from": self.id, "route": messages.extended(message["route"], self.id)})

        def result(delivered):
            # Like a store or request, a join survives that the peer on its way is dead.
            if not delivered and self.peer.kept < messages.KEPT_MAX:
                self.peer.kept += 1
                self.peer.loop.later(self.peer.config.pingIntervalMs, self._forward_again, message, deadline)

        self.peer.deliver(self.members.successors[0], passed, self.peer.config.joinTimeoutMs, result)

    def _forward_again(self, message, deadline):
        self.peer.kept -= 1
        if self.peer.closed or (not message["route"] and message["id"] not in self._waiting):
            return  # the newcomer has given up meanwhile
        if self.peer.loop.now() < deadline:
            self._consider(message, deadline)

    def _decline(self, message, reason):
        route = message["route"]
        decline = {"type": "ring.decline", "from": self.id, "id": message["id"], "reason": reason}
        if not route or route[0] == self.id:
            self._hand_over(decline)
        else:
            self.peer.dial(route[0], decline, timeout_ms=self.peer.config.joinTimeoutMs)

    def _decline_to(self, stream, message, reason):
        stream.send({"type": "ring.decline", "from": self.id, "id": message["id"], "reason": reason})

    def on_decline(self, stream, message):
        if not self._hand_over(messages.passed_on(message)):
            raise Refusal("unexpected", "no such newcomer waits here")

    def _hand_over(self, decline):
        newcomer = decline["id"]
        stream = self._waiting.pop(newcomer, None)
        if stream is None:
            stream = self._half_closed.pop(newcomer, None)
        if stream is None:
            return False
        stream.due -= 1
        stream.send(decline)
        return True

    def _stop_waiting(self, newcomer, route):
        """We have accepted the newcomer ourselves: on the connection on which it waits nothing more will be said."""
        if not route and newcomer in self._waiting:
            self._waiting.pop(newcomer).due -= 1
        elif not route:
            self._forget_half_closed(newcomer)

    def on_half_closed(self, stream):
        """A newcomer that sends no more is usually one that has been accepted and has closed the connection.

        It does not count as waiting any more, so that it may try again. But it may also have shut down only its sending
        side, and then a decline is still due; so the connection is kept for as long as a join may take.
        """
        for newcomer, waiting in list(self._waiting.items()):
            if waiting is stream:
                del self._waiting[newcomer]
                self._forget_half_closed(newcomer)
                self._half_closed[newcomer] = stream
                self.peer.loop.later(self.peer.config.joinTimeoutMs, self._forget_half_closed, newcomer, stream)

    def _forget_half_closed(self, newcomer, only=None):
        stream = self._half_closed.get(newcomer)
        if stream and only in (None, stream):
            del self._half_closed[newcomer]
            stream.due -= 1
            stream.close()

    def on_closed(self, stream):
        for table in (self._waiting, self._half_closed):
            for newcomer in [newcomer for newcomer, waiting in table.items() if waiting is stream]:
                del table[newcomer]

    # -- the acceptor --

    def _accept(self, message):
        """Connect to the newcomer, and only then give our word and change our successors, both in the same moment.

        An id at whose address nobody listens must not become anybody's successor. And what we promise must be what we know
        now: if 19 leaves while we connect, its id is no use to the newcomer.
        """
        members = self.members
        newcomer = self._accepting = message["id"]
        before = []

        def connected():
            self._accepting = None
            if not in_open(newcomer, self.id, members.successors[0]):
                errand.end()
                self._consider(message)  # the circle has changed meanwhile
                return
            before.extend(members.successors)
            alone = members.is_alone()
            errand.stream.send(
                {
                    "type": "ring.accept",
                    "from": self.id,
                    "successors": [self.id, newcomer] if alone else before,
                    "route": messages.extended(message["route"], self.id),
                }
            )
            errand.stream.finish()
            self._stop_waiting(newcomer, message["route"])
            members.set_successors(newcomer, before[0], "join")
            if not alone:
                self._tell_predecessor()
            self._retry_deferred()

        def answer(refusal):
            # The newcomer gave up a moment ago. It answers pings all the same, so nobody would ever take it for dead, and the
            # ring would end at it. So we take our word back (`ring.join.refused`).
            if refusal["type"] == "error" and newcomer in members.successors:
                was_first = members.successors[0] == newcomer
                members.drop_successor(newcomer, "dead")
                if was_first and not members.is_alone():
                    self._tell_predecessor()

        def done(reason):
            if not before:
                self._accepting = None
                self._retry_deferred()

        # Nothing on the loopback interface takes as long as a few ping intervals, unless it is stopped.
        patience = 4 * self.peer.config.pingIntervalMs
        errand = self.peer.dial(
            newcomer, None, on_connected=connected, on_answer=answer, on_done=done, timeout_ms=patience
        )

    def _retry_deferred(self):
        deferred, self._deferred = self._deferred, []
        for message in deferred:
            if message["route"] or message["id"] in self._waiting or message["id"] in self._half_closed:
                self._consider(message)

    def _tell_predecessor(self):
        """The first predecessor has a new second successor. If nobody has pinged us yet, the news waits for the first ping."""
        predecessor = self.members.predecessors[0]
        self._tell_later = predecessor is None
        if predecessor is not None:
            self.members.tell(predecessor, [self.id, self.members.successors[0]])

    def on_first_predecessor(self):
        if self._tell_later and self.members.in_ring() and not self.members.is_alone():
            self._tell_predecessor()
