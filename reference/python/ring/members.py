"""Successors, pings and predecessors; dead successors and repair (spec/ring/ring.md, sections 5 and 6).

A peer knows two peers ahead of it. Peer 4 in the ring 2, 4, 5, 8 has the successors 5 and 8 and pings both:

    4 -> 5   {"type":"ring.ping","from":4,"seq":0,"slot":1}      "you are my first successor"
    4 -> 8   {"type":"ring.ping","from":4,"seq":0,"slot":2}      "you are my second successor"

A ping does two things. The pong shows peer 4 that its successor lives. And the slot shows peer 5 that 4 is its first
predecessor: nobody else tells it.

The second successor is there for the day when the first one dies. Peer 4 then still knows 8, makes it its first successor, and
asks it for the next one. A single successor would leave peer 4 alone.
"""

from collections import deque

from ring import messages
from ring.circle import in_open
from wire import Refusal

UNANSWERED_MAX = 3  # pings in a row that may stay unanswered without any consequence


class Pings:
    """The pings to one successor. They count on while that peer stays a successor, in whichever place."""

    def __init__(self, peer):
        self.peer = peer
        self.next_seq = 0
        self.answered = -1  # the latest ping that was answered
        self.open = deque()  # (seq, time) of the pings after that one: they are unanswered in a row
        self.timer = None

    def sent(self, now):
        self.open.append((self.next_seq, now))
        self.next_seq += 1

    def pong(self, seq):
        """Only a pong to a ping that was sent, and a later one than all before, shows that the peer lives *now*."""
        if self.answered < seq < self.next_seq:
            self.answered = seq
            while self.open and self.open[0][0] <= seq:
                self.open.popleft()

    def is_dead(self, now, interval):
        """A ping that has been under way for less than an interval may still be answered; it does not count."""
        overdue = sum(1 for _, sent in self.open if sent + interval <= now)
        return overdue > UNANSWERED_MAX


class Queries:
    """Questions to the first successor: who comes after you? An answer may be late, so several can be open at once."""

    OPEN_MAX = 8

    def __init__(self, members, on_answer):
        self._members = members
        self._on_answer = on_answer
        self._errands = deque()

    def ask(self, dead=None):
        if len(self._errands) == self.OPEN_MAX:
            self._errands.popleft().end()
        peer = self._members.peer
        first = self._members.successors[0]
        message = {"type": "ring.successor-query", "from": peer.id}
        if dead is not None:
            message["dead"] = dead

        def take(answer):
            errand.end()
            # The answer is about the peer that we asked. If that is not the first successor any more, it is of no use. `None`
            # and the peer itself are answers of somebody who does not know either.
            if answer["type"] == "ring.successor-answer" and answer["from"] == first == self._members.successors[0]:
                if answer["successor"] not in (None, first):
                    self._on_answer(answer["successor"])

        errand = peer.dial(first, message, on_answer=take, timeout_ms=self.OPEN_MAX * peer.config.pingIntervalMs)
        self._errands.append(errand)

    def end(self):
        while self._errands:
            self._errands.popleft().end()


class Repair:
    """The search for a second successor: a query to the first one, repeated each ping interval until it is answered."""

    def __init__(self, members, dead):
        self._members = members
        self._dead = dead
        self._queries = Queries(members, self._answer)
        self._timer = None
        self._ask()

    def _ask(self):
        self._queries.ask(self._dead)
        self._timer = self._members.peer.loop.later(self._members.peer.config.pingIntervalMs, self._ask)

    def _answer(self, successor):
        # Our first successor may not have heard yet that the peer between us has left.
        if successor != self._dead and not self._members.has_just_departed(successor):
            self._members.set_successors(self._members.successors[0], successor, "repair")

    def end(self):
        self._timer.cancel()
        self._queries.end()


class Members:
    """What one peer knows of its neighbours."""

    def __init__(self, peer):
        self.peer = peer
        self.id = peer.id
        self.successors = None
        self.predecessors = [None, None]
        self._first_heard = None  # when the first predecessor pinged last
        self._pings = {}
        self._repair = None  # runs as long as the second successor is unknown
        self._departed = {}  # id -> when it told us that it leaves
        self._refresh_timer = None
        self._refresh_queries = Queries(self, self._take_refresh)

    # -- successors --

    def in_ring(self):
        return self.successors is not None

    def is_alone(self):
        return self.in_ring() and self.successors[0] == self.id

    def has_one_neighbour(self):
        """A ring of two: the second successor is the peer itself."""
        return self.in_ring() and self.successors[1] == self.id and not self.is_alone()

    def set_successors(self, first, second, cause, dead=None):
        """Change the successors.

        8 twice, seen by another peer, means that the peer after 8 is unknown. 8 is asked for it; the query names `dead`.
        """
        if first == self.id:
            second = self.id
        before, self.successors = self.successors, [first, second]
        if self._repair:
            self._repair.end()
            self._repair = None
        if self.is_alone() and before:
            # Whoever was our predecessor was the only other peer, or takes us for dead. If it is not so, its next ping will
            # say it.
            self.predecessors = [None, None]
        elif second == self.id and before and self.id not in before:
            self.predecessors[1] = None  # the ring has shrunk to two
        if cause in ("join", "successor-change"):  # news of those that have come
            self._departed = {id: when for id, when in self._departed.items() if id not in (first, second)}
        if before != self.successors:
            self.peer.emit("successors", successors=list(self.successors), cause=cause)
        if first == second != self.id:
            self._repair = Repair(self, dead)
        self._ping_new_successors()
        if before is None:
            self._plan_refresh()
        self.peer.leave.step()

    def drop_successor(self, gone, cause):
        """One of our successors is gone, and nobody has told us who is next.

        [5, 8] without 5, and [8, 12] without 12, become [8, 8]: 8 is asked. In a ring of two, and when both are gone, the peer
        itself is next.
        """
        first, second = self.successors
        if gone != first:
            heir = first
        elif gone != second:
            heir = second
        else:
            heir = self.id
        self.set_successors(heir, heir, cause, dead=gone)

    def close(self):
        for pings in self._pings.values():
            pings.timer.cancel()
        if self._repair:
            self._repair.end()
        if self._refresh_timer:
            self._refresh_timer.cancel()

    # -- pings --

    def _ping_new_successors(self):
        wanted = set(self.successors) - {self.id}
        for gone in set(self._pings) - wanted:
            self._pings.pop(gone).timer.cancel()
        for new in self.successors:
            if new in wanted and new not in self._pings:
                self._pings[new] = Pings(new)
                self._tick(self._pings[new])

    def _tick(self, pings):
        """One ping interval of one successor is over (or it has just become one)."""
        loop, interval = self.peer.loop, self.peer.config.pingIntervalMs
        now = loop.now()
        if pings.is_dead(now, interval / 1000):
            self._declare_dead(pings.peer)
            return
        pings.timer = loop.later(interval, self._tick, pings)
        if self.peer.leave.is_quiet():
            return
        slot = 1 if self.successors[0] == pings.peer else 2
        message = {"type": "ring.ping", "from": self.id, "seq": pings.next_seq, "slot": slot}
        pings.sent(now)
        self.peer.send(pings.peer, message)

    def on_ping(self, message):
        sender, slot = message["from"], message["slot"]
        self.peer.send(sender, {"type": "ring.pong", "from": self.id, "seq": message["seq"]})
        if sender == self.id:
            return
        before = self.predecessors[slot - 1]
        self.predecessors[slot - 1] = sender
        if slot == 1:
            self._first_heard = self.peer.loop.now()
            if self.in_ring() and before not in (None, sender) and in_open(sender, before, self.id):
                # `ring.ping.displaced`: 4 took 5 for dead and pings 8 with slot 1; now 5 pings 8 with slot 1 as well. 8 tells 4
                # that 5 is there.
                self.tell(before, [sender, self.id])
            if sender != before:
                self.peer.join.on_first_predecessor()
        self.peer.leave.step()

    def on_pong(self, message):
        pings = self._pings.get(message["from"])
        if pings:
            pings.pong(message["seq"])

    def first_predecessor_is_silent(self):
        """The first predecessor has missed so many pings that it may well be dead; only its own predecessor will find out."""
        patience = UNANSWERED_MAX * self.peer.config.pingIntervalMs / 1000
        return self._first_heard is not None and self.peer.loop.now() - self._first_heard > patience

    # -- death and repair --

    def note_departure(self, departed):
        """9 leaves, and we hear it; 8 leaves at the same time, and its `depart`, written a moment before, still names 9. So
        9 becomes our successor once more and does not answer. That it is gone is true, that it has died is not, and nothing
        is reported.
        """
        self._departed[departed] = self.peer.loop.now()

    def _has_departed(self, peer, within_ms):
        return peer in self._departed and self.peer.loop.now() - self._departed[peer] < within_ms / 1000

    def has_just_departed(self, peer):
        """It was on its way out a moment ago: news that name it are older than its departure."""
        return self._has_departed(peer, 2 * self.peer.config.pingIntervalMs)

    def _declare_dead(self, dead):
        # A departing peer may stay for a while, and then it takes up to six intervals until we miss it.
        config = self.peer.config
        if not self._has_departed(dead, config.departTimeoutMs + 12 * config.pingIntervalMs):
            self.peer.emit("peer-dead", peer=dead)
        self.drop_successor(dead, "dead")
        for errand in [errand for errand in self.peer.errands if errand.to == dead]:
            errand.fail()  # a message that waits in the socket of a dead peer goes another way

    def on_query(self, stream, message):
        """The answer is the first of our successors that is not the dead one. A query proves nothing: nothing changes here."""
        others = [successor for successor in self.successors or [] if successor != message.get("dead")]
        stream.send({"type": "ring.successor-answer", "from": self.id, "successor": others[0] if others else None})

    def _plan_refresh(self):
        if self.peer.config.refreshIntervalMs:
            self._refresh_timer = self.peer.loop.later(self.peer.config.refreshIntervalMs, self._refresh)

    def _refresh(self):
        self._plan_refresh()
        if not (self.is_alone() or self._repair):
            self._refresh_queries.ask()

    def _take_refresh(self, successor):
        if not self._repair and not self.has_just_departed(successor):
            self.set_successors(self.successors[0], successor, "repair")

    # -- successor-change --

    def tell(self, to, successors):
        """Send `successor-change` to a peer: these two should be your successors, in my opinion."""
        self.peer.dial(
            to,
            {"type": "ring.successor-change", "from": self.id, "successors": successors},
            timeout_ms=self.peer.config.joinTimeoutMs,
        )

    def on_successor_change(self, stream, message):
        """`ring.join.successor-change`: only the first successor has a say, and only in two cases.

        4 has [5, 8], and 5 accepts 7: 5 tells 4 [5, 7], and 7 becomes the second successor. 4 has [8, 12] and cut out 5 by
        mistake: 8 tells 4 [5, 8], and 5 comes back in.
        """
        if self.peer.join.is_joining() and not self.peer.join.require_ring(stream, message):
            return  # peer 9 learns that its newcomer 12 has a new second successor, and passes it on before 12 is quite in
        if not self.in_ring() or self.is_alone():
            return
        sender, (a, b) = message["from"], message["successors"]
        first = self.successors[0]
        if sender == self.id:
            return
        if sender == a == first:
            if b == a:
                return  # it does not know its own first successor
            self.set_successors(first, b, "successor-change")
        elif sender == b == first and in_open(a, self.id, sender):
            if self.has_just_departed(a):
                return  # 9 left in order, but one of its last pings made 12 believe that we have cut it out by mistake
            self.set_successors(a, b, "successor-change")
        elif sender == a and in_open(sender, first, self.id):
            # It concerns the predecessor of the sender, which lies ahead: 2 is told by 9 what 8 should know, and 8 lies
            # between. Each step is nearer to the sender, so the message cannot circulate.
            self.peer.dial(first, messages.passed_on(message), timeout_ms=self.peer.config.joinTimeoutMs)


def require_membership(members):
    if not members.in_ring():
        raise Refusal("not-in-ring", "this peer has no successors yet")
