"""A peer (spec/peers/peers.md, sections 5 and 6): what can be called from elsewhere, and what its user can command."""

from control import CommandError, need
from peers import calls
from peers.calls import NO_ID, CallFailed, RemoteError, is_address, is_fortune, is_id
from peers.config import PeerConfig
from peers.database import Database
from peers.join import Join
from peers.leave import Leave
from peers.lock import Lock
from peers.peer_list import PEERS_MAX, PeerList
from peers.skeleton import Skeleton
from peers.stub import Calls
from promise import log_mistake, run, start
from values import array, is_text
from wire import encode

LOCK_COMMANDS = ("acquire", "release")
DATABASE_COMMANDS = ("read", "write")


class Peer:
    Config = PeerConfig
    COMMANDS = ("state", "stop", "join", "call", "send", *LOCK_COMMANDS, *DATABASE_COMMANDS)

    def __init__(self, loop, config, emit):
        self.loop = loop
        self.config = config
        self.emit = emit
        self.id = NO_ID
        self.hash = None
        self.address = config.advertise
        self.is_joined = False
        self.stopping = False
        self._stops = []  # (reply, on_stopped)
        self._waiting = set()  # replies of commands that take time
        self.calls = Calls(loop, config.callTimeoutMs)
        self.list = PeerList(self.calls, emit)
        self.lock = Lock(self) if config.lock else None
        self.database = Database(self, config.fortunes) if config.fortunes is not None else None
        self.join = Join(self)
        self.leave = Leave(self)
        try:
            self._skeleton = Skeleton(loop, config.host, config.listenPort, self._methods())
        except OSError as error:
            raise CommandError.no_address(config.host, config.listenPort, error) from None

    def _methods(self):
        functions = {
            "check": self._check,
            "register_peer": self._register_peer,
            "unregister_peer": self._unregister_peer,
            "display_peers": self._display_peers,
            "print_message": self._print_message,
        }
        tables = [calls.LIST]
        if self.lock:
            functions["request_token"] = self._request_token
            functions["obtain_token"] = self._obtain_token
            tables.append(calls.LOCK)
        if self.database:
            functions["read"] = self.database.read
            functions["write"] = self.database.write
            functions["write_local"] = self.database.write_local
            functions["read_all"] = self.database.read_all
            tables.append(calls.DATABASE)
        return {name: (checks, functions[name]) for table in tables for name, checks in table.items()}

    def has_id(self):
        return self.id != NO_ID

    @property
    def leaving(self):
        """Whether it is about to leave, because it stops or because its join has failed."""
        return self.leave.has_begun()

    def forget_all(self):
        """After a join that has failed: as before it. Who is in the list has been told that we left."""
        if self.has_id() or self.lock:
            self.list.clear()
        self.id, self.hash = NO_ID, None
        self.leave.forget()
        if self.lock:
            self.lock.reset()
        if self.database:
            self.database.reset()

    # -- methods --

    def _check(self):
        return [self.id, self.config.type]

    def _register_peer(self, id, address):
        if self.leaving:
            if not self.lock:
                raise self.leave.refusal()
            return run(self.leave.refuse_late())
        self._need_begun()
        waits = self.lock and self.join.under_way and not self.join.decided.settled
        if waits and not self.join.registration.settled:
            return run(self._register_once_known(id, address))
        if id == self.id:
            raise RemoteError("ValueError", "%d is this peer itself" % id)
        if waits and id < self.id:
            raise RemoteError("NotReadyError", "%d has called an earlier life of this peer" % id)
        other = self.list.at(address)
        if other is not None and other > id:
            raise RemoteError("ValueError", "%d is at this address, and has come after %d" % (other, id))
        if other is not None and other != id:
            self.list.remove(other)
        if id not in self.list and self.list.is_full():
            raise RemoteError("BusyError", "the list has %d peers" % PEERS_MAX)
        if self.list.add(id, address):
            self.emit("joined", id=id)
        return self.join.decided if self.lock and self.join.under_way else None

    async def _register_once_known(self, id, address):
        """Whether the call means this life of ours can only be told when we know our own id."""
        await self.join.registration
        taken = self._register_peer(id, address)
        if taken is not None:
            await taken

    def _unregister_peer(self, id):
        if not self.list.farewell(id):
            raise RemoteError("Exception", "No peer with id: '%d'" % id)

    def _display_peers(self):
        self.emit("display", peers=self.list.snapshot())

    def _print_message(self, id, text):
        self.emit("message", **{"from": id, "text": text})

    def _request_token(self, time, id):
        self._need_begun()
        self.lock.request_token(time, id)

    def _obtain_token(self, pairs):
        if self.leaving:
            raise self.leave.refusal()
        self._need_begun()
        self.lock.obtain_token(pairs)

    def _need_begun(self):
        """Whoever calls before our join has our address from a registration of an earlier life (`peers.lock.not-ready`)."""
        if self.lock and not self.join.has_begun():
            raise RemoteError("NotReadyError", "this peer has not joined yet")

    # -- commands --

    def offers(self, name):
        if name in LOCK_COMMANDS:
            return self.lock is not None
        if name in DATABASE_COMMANDS:
            return self.database is not None
        return name in self.COMMANDS

    @staticmethod
    def arguments(name, command):
        if name == "call":
            address, method = need(command, "address", is_address), need(command, "method", is_text)
            return address, method, need(command, "args", array(lambda value: True))
        if name == "send":
            return need(command, "to", is_id), need(command, "text", is_text)
        if name == "write":
            return (need(command, "fortune", is_fortune),)
        return ()

    def command(self, name, arguments, reply):
        if name == "state":
            reply.ok(self._state())
        elif name == "read":
            reply.ok({"fortune": self.database.read()})
        elif name == "release":
            self.lock.release_by_command()
            reply.ok()
        else:
            procedures = {
                "join": self.join.command,
                "call": self._call,
                "send": self._send,
                "acquire": self._acquire,
                "write": self._write,
            }
            self._waiting.add(reply)
            run(procedures[name](*arguments)).then(lambda ended: self._reply(reply, ended))

    def _reply(self, reply, ended):
        self._waiting.discard(reply)
        try:
            reply.ok(ended.value())
        except CommandError as error:
            reply.fail(error.code, error.text)
        except CallFailed as failure:
            reply.fail(failure.code, failure.text)
        except Exception as error:
            reply.fail("internal", repr(error))
            log_mistake(error)

    def _state(self):
        return {
            "id": self.id,
            "type": self.config.type,
            "peers": self.list.snapshot(),
            "token": self.lock.state if self.lock else None,
            "requests": self.lock.snapshot() if self.lock else None,
            "fortunes": self.database.fortunes if self.database else None,
        }

    async def _call(self, address, method, arguments):
        try:
            return {"result": await self.calls.call(address, method, arguments)}
        except RemoteError as error:
            return {"error": {"name": error.name, "args": error.arguments}}

    async def _send(self, to, text):
        if to not in self.list or not self.has_id():
            raise CommandError("not-found", "no peer with id %d" % to)
        if len(encode({"method": "print_message", "args": [self.id, text]})) > calls.REQUEST_MAX:
            raise CommandError("refused", "the text does not fit into a request of %d bytes" % calls.REQUEST_MAX)
        try:
            await self.list.call(to, "print_message", self.id, text)
        except RemoteError as error:
            raise CommandError("refused", "%s%r" % (error.name, tuple(error.arguments))) from None
        return {}

    async def _acquire(self):
        self._need_joined()
        if not await self.lock.acquire():
            self._need_joined()
            raise CommandError("timeout", "no token within %d ms" % self.config.acquireTimeoutMs)
        return {}

    async def _write(self, fortune):
        self._need_joined()
        return await self.database.write_by_command(fortune)

    def _need_joined(self):
        if self.stopping:
            raise CommandError("not-started", "this peer is about to stop")
        if not self.is_joined:
            raise CommandError("not-joined", "this peer has not joined")

    # -- the end --

    def stop(self, reply, on_stopped):
        self._stops.append((reply, on_stopped))
        if not self.stopping:
            start(self._stop())

    async def _stop(self):
        self.stopping = True
        await self.leave.depart()
        self.close()
        for reply, on_stopped in self._stops:
            reply.ok()
            on_stopped()

    def close(self):
        """Close everything at once. Commands under way fail: each still gets its one reply."""
        for reply in self._waiting:
            reply.fail("not-started", "this peer has stopped")
        self._waiting.clear()
        if self.lock:
            self.lock.stop_waiting()
        self.calls.close()
        self._skeleton.close()
