"""Who is present (spec/peers/peers.md, section 5): the peers of our type, in our own opinion.

A peer gets into the list by calling `register_peer` here, or when we have called `register_peer` there; it goes by calling
`unregister_peer`, or when a call to it shows that it is dead.
"""

from collections import OrderedDict

from peers.calls import CallFailed

PEERS_MAX = 10000
EARLY_MAX = 10000


class PeerList:
    def __init__(self, calls, emit):
        self._calls = calls
        self._emit = emit
        self._addresses = {}  # id: address, at most PEERS_MAX
        self._ids = {}  # the other way round; an address that a call of our own has brought may stand for an older id too
        self._left = OrderedDict()  # ids that have called `unregister_peer` since our join began, at most EARLY_MAX
        self.on_added = lambda id: None
        self.on_removed = lambda id: None

    def __contains__(self, id):
        return id in self._addresses

    def ids(self):
        return sorted(self._addresses)

    def address(self, id):
        return self._addresses[id]

    def is_full(self):
        return len(self._addresses) >= PEERS_MAX

    def snapshot(self):
        return [{"id": id, "address": self._addresses[id]} for id in self.ids()]

    # -- coming and going --

    def begin_join(self):
        self._left.clear()

    def has_left(self, id):
        """Whether it has left since our join began: the answer to our call may be older than its farewell."""
        return id in self._left

    def add(self, id, address):
        """Take a peer into the list, or renew its address; whether it is new."""
        is_new = id not in self._addresses
        self._forget_address(id)
        self._addresses[id] = address
        self._ids[tuple(address)] = id
        self._left.pop(id, None)
        if is_new:
            self.on_added(id)
        return is_new

    def at(self, address):
        """The id that lives at this address, or None (`peers.list.address`)."""
        return self._ids.get(tuple(address))

    def _forget_address(self, id):
        address = self._addresses.get(id)
        if address is not None and self._ids.get(tuple(address)) == id:
            del self._ids[tuple(address)]

    def farewell(self, id):
        """A peer says that it leaves; whether it was here."""
        self._left[id] = True
        if len(self._left) > EARLY_MAX:
            self._left.popitem(last=False)
        return self.remove(id)

    def remove(self, id):
        if id not in self._addresses:
            return False
        self._forget_address(id)
        del self._addresses[id]
        self._emit("left", id=id)
        self.on_removed(id)
        return True

    def clear(self):
        for id in self.ids():
            self.remove(id)

    # -- calls to those who are here --

    async def call(self, id, method, *arguments):
        """Call a peer of the list. If it turns out to be dead it leaves the list (`peers.list.dead`)."""
        address = self._addresses[id]
        try:
            return await self._calls.call(address, method, list(arguments))
        except CallFailed as failure:
            # It may have left and come back while we waited; then this failure says nothing about it.
            if failure.means_dead() and self._addresses.get(id) is address:
                self.remove(id)
            raise
