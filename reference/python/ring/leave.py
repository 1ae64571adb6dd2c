"""How a peer leaves in order (spec/ring/ring.md, section 8).

Peer 10 of the ring 5, 8, 10, 12, 15 is missed by two peers: 8, whose first successor it is, and 5, whose second successor
it is. Both get the same message and each takes from it what it needs:

    10 -> 8    depart [12, 15]       8 takes both: [12, 15]
    10 -> 5    depart [12, 15]       5 keeps 8 and takes the first: [8, 12]

Peer 10 stays until both have acknowledged. It serves as before while it waits: a message that is on its way to it must not
be lost.
"""


class Leave:
    def __init__(self, peer):
        self.peer = peer
        self.members = peer.members
        self.id = peer.id
        self._on_end = []  # what to call when we are out
        self._told = set()  # predecessors that have acknowledged
        self._asking = {}  # predecessor -> the errand that is under way, or has failed a moment ago
        self._quiet = False

    # -- the departing peer --

    def start(self, on_end):
        self._on_end.append(on_end)
        if len(self._on_end) > 1:
            return  # a second `stop` waits with the first one
        if not self.members.in_ring():
            self._finish()
            return
        self.peer.loop.later(self.peer.config.departTimeoutMs, self._finish)
        self.step()

    def _finish(self):
        waiting, self._on_end = self._on_end, []
        for end in waiting:
            end()

    def is_quiet(self):
        """Our first predecessor has acknowledged: it now pings our successors in our place, and we stop (`ring.leave.quiet`).

        Peer 10 has told 8. If it still pinged 12 with slot 1 while it waits for 5, 12 would believe that 8 had cut out 10 by
        mistake, and would tell 8 so (`ring.ping.displaced`).
        """
        return self._quiet

    def step(self):
        """Tell who has to be told; end when everybody knows.

        This runs again whenever a neighbour changes. If 8 dies while 10 waits for its word, 5 finds out, becomes the first
        predecessor of 10 in its place, and is told instead.
        """
        if not self._on_end or self.peer.closed:
            return
        members = self.members
        if members.is_alone():
            self.peer.loop.soon(self._finish)
            return
        if members.predecessors[0] in self._told:
            self._quiet = True
        targets = set(members.predecessors[:1] if members.has_one_neighbour() else members.predecessors)
        missing = targets - self._told
        for predecessor in missing - {None} - set(self._asking):
            self._tell(predecessor)
        if not missing:
            self.peer.loop.soon(self._finish)

    def _tell(self, predecessor):
        def answer(message):
            if message["type"] == "ring.depart-ack" and message["from"] == predecessor:
                self._told.add(predecessor)
                del self._asking[predecessor]
                errand.end()
                self.step()

        def done(reason):
            # It may be dead, or slow. As long as it is our predecessor we try again.
            self.peer.loop.later(self.peer.config.pingIntervalMs, self._try_again, predecessor)

        depart = {"type": "ring.depart", "from": self.id, "successors": list(self.members.successors)}
        errand = self.peer.dial(
            predecessor, depart, on_answer=answer, on_done=done, timeout_ms=self.peer.config.departTimeoutMs
        )
        self._asking[predecessor] = errand

    def _try_again(self, predecessor):
        self._asking.pop(predecessor, None)
        self.step()

    # -- the peers that stay --

    def on_depart(self, stream, message):
        sender, (first, second) = message["from"], message["successors"]
        members = self.members
        if members.in_ring() and not members.is_alone() and sender != self.id:
            members.note_departure(sender)
            my_first, my_second = members.successors
            if sender in (my_first, my_second):
                self.peer.emit("peer-departed", peer=sender)
                if first == sender:  # it names nobody
                    members.drop_successor(sender, "depart")
                elif sender == my_first:
                    members.set_successors(first, first if second == sender else second, "depart", dead=sender)
                else:
                    members.set_successors(my_first, first, "depart", dead=sender)
        stream.send({"type": "ring.depart-ack", "from": self.id})
