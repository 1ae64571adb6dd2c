"""Store and request: finding the owner of a file, and moving the file over TCP (spec/ring/ring.md, section 9).

File 2067 has the key 2067 mod 256 = 19, and belongs to the first peer at or after 19. Peer 2 stores it:

    2 -> 4 -> 5 -> ... -> 19    store, route [2], [2,4], ...       along first successors, until the owner takes it
    19 -> 2                     store-accept                       from now on the two talk directly
    2 -> 19                     put + the bytes of the file
    19 -> 2                     stored                             on the connection of put

A request travels in the same way. The owner then opens a connection to the origin and sends `file` with the bytes, or
`not-found`; or it starts a transfer over UDP (segments.py).

No file is ever held in memory: bytes go from socket to disk and from disk to socket in pieces, and the SHA-256 digest is
computed as they pass.
"""

import hashlib
import itertools
import os
import stat
import time

from control import CommandError
from ring import messages
from ring.circle import in_half_open, key_of
from wire import Body, Refusal

COMMANDS_MAX = 256
PUTS_MAX = 256
SENDING_MAX = 256  # files that we send over TCP at once
SLICE = 256 * 1024

_draft_numbers = itertools.count(1)


class Draft:
    """A file that is being received: written beside its place, and moved there in one step when it is complete.

    Whoever opens file 2067 meanwhile reads the old bytes or the new ones, never half of each. A draft that does not get
    complete is deleted.
    """

    def __init__(self, folder):
        self._path = os.path.join(folder, ".ring-%d-%d.part" % (os.getpid(), next(_draft_numbers)))
        self._file = open(self._path, "xb")
        self._hash = hashlib.sha256()
        self.size = 0

    def write(self, chunk):
        self._file.write(chunk)
        self._hash.update(chunk)
        self.size += len(chunk)

    def digest(self):
        return self._hash.hexdigest()

    def commit(self, path):
        self._file.close()
        os.replace(self._path, path)
        self._file = None

    def discard(self):
        if self._file:
            try:
                self._file.close()  # may have to write, and fail
            except OSError:
                pass
            self._file = None
            try:
                os.unlink(self._path)
            except OSError:
                pass


class Command:
    """A `store` or `request` of our own. It ends in exactly one way, and when it ends it lets go of everything it holds."""

    def __init__(self, files, kind, name, reply):
        self.files = files
        self.kind = kind
        self.name = name
        self.number = files.next_number()
        self.reply = reply
        self.over = False
        self.answered = False  # an answer of the owner has come; a second one is unexpected
        self.passed_on = False  # the first successor could be reached, once at least
        self.transport = None
        self.file = None
        self.size = 0
        self.digest = ""
        self.errand = None
        self.stream = None
        self.draft = None
        self.transfer = None
        self._loop = files.peer.loop
        self._timeout = files.peer.config.requestTimeoutMs
        self._last = self._loop.now()
        self._timer = self._loop.later(self._timeout, self._check)
        files.commands[self.number] = self

    def progress(self):
        """Something has happened: the command has its full time again."""
        self._last = self._loop.now()

    def _check(self):
        left = self._last + self._timeout / 1000 - self._loop.now()
        if left > 0:
            self._timer = self._loop.later(left * 1000, self._check)
        elif self.passed_on or self.answered:
            self.fail("timeout", "nothing happened for %d ms" % self._timeout)
        else:
            self.fail("unreachable", "the first successor could not be reached for %d ms" % self._timeout)

    def succeed(self, result):
        if self._finish():
            self.reply.ok(result)

    def fail(self, code, text):
        if self._finish():
            self.reply.fail(code, text)

    def _finish(self):
        if self.over:
            return False
        self.over = True
        del self.files.commands[self.number]
        self._timer.cancel()
        if self.errand:
            self.errand.end()
        if self.draft:
            self.draft.discard()
        if self.file:
            self.file.close()
        if self.transfer:
            self.files.peer.segments.forget(self.transfer)
        if self.stream:
            stream, self.stream = self.stream, None
            stream.close()
        return True


class Upload:
    """The sink for the body of a `put`: what the owner does with the bytes of the origin."""

    def __init__(self, files, stream, message, draft):
        self._files = files
        self._stream = stream
        self._message = message
        self._draft = draft
        self._heard = files.peer.loop.now()
        self._timer = files.peer.loop.later(files.peer.config.requestTimeoutMs, self._check)

    def write(self, chunk):
        self._heard = self._files.peer.loop.now()
        try:
            self._draft.write(chunk)
        except OSError as error:
            self._fail("internal", "cannot write: %s" % error)

    def done(self):
        message, draft = self._message, self._draft
        if draft.digest() != message["digest"]:
            self._fail("unexpected", "the body does not match its digest")
            return
        try:
            self._files.keep(message["name"], draft)
        except OSError as error:
            self._fail("internal", "cannot write: %s" % error)
            return
        self._end()
        answer = {name: message[name] for name in ("name", "request")}
        self._stream.send({"type": "ring.stored", "from": self._files.peer.id, **answer})

    def cut(self):
        self._end()

    def _fail(self, code, text):
        self._stream.send({"type": "error", "code": code, "message": text})
        self._end()
        self._stream.close()

    def _end(self):
        self._timer.cancel()
        self._draft.discard()
        self._files.puts.discard(self)

    def _check(self):
        timeout = self._files.peer.config.requestTimeoutMs
        left = self._heard + timeout / 1000 - self._files.peer.loop.now()
        if left > 0:
            self._timer = self._files.peer.loop.later(left * 1000, self._check)
        else:
            self._stream.abort()


class Download:
    """The sink for the body of a `file`: the bytes that one of our requests waits for."""

    def __init__(self, files, command, message):
        self._files = files
        self._command = command
        self._message = message

    def write(self, chunk):
        self._command.progress()
        try:
            self._command.draft.write(chunk)
        except OSError as error:
            self._command.fail("transfer-failed", "cannot write: %s" % error)

    def done(self):
        message = self._message
        self._files.complete(self._command, message["from"], message["route"], message["bodyLength"], message["digest"])

    def cut(self):
        self._command.stream = None  # it is closing already
        self._command.fail("transfer-failed", "the connection ended before the file did")


class Files:
    def __init__(self, peer):
        self.peer = peer
        self.id = peer.id
        self.members = peer.members
        self.stored = {}  # name -> (size, digest)
        self.commands = {}  # number -> Command
        self.puts = set()  # uploads to us that are running
        self._allowed = {}  # (origin, name, request) -> (size, timer): the puts that we have accepted
        self._sending = 0
        # A number is never used twice by a peer, not even by one that has crashed and started again: an answer to a question of
        # its former life must not fit. So the numbers start at the time of the day.
        self._numbers = itertools.count(int(time.time() * 1000))

    def next_number(self):
        return next(self._numbers)

    def close(self):
        for command in list(self.commands.values()):
            command.fail("not-started", "this node was stopped")
        for upload in list(self.puts):
            upload.cut()
        for _, timer in self._allowed.values():
            timer.cancel()

    def path(self, name):
        return os.path.join(self.peer.config.folder, name)

    def keep(self, name, draft):
        """A file becomes ours; an older one of that name is replaced as a whole."""
        draft.commit(self.path(name))
        self.stored[name] = (draft.size, draft.digest())
        self.peer.emit("stored", name=name, size=draft.size, digest=draft.digest())

    def open_stored(self, name):
        """(file, size, digest) of a file that is stored here, or None."""
        if name not in self.stored:
            return None
        try:
            return (open(self.path(name), "rb"), *self.stored[name])
        except OSError:
            del self.stored[name]  # somebody has deleted it behind our back
            return None

    # -- commands --

    def _new_command(self, kind, name, reply):
        if not self.members.in_ring():
            raise CommandError("not-in-ring", "this peer is in no ring")
        if len(self.commands) >= COMMANDS_MAX:
            raise CommandError("busy", "%d commands are under way" % COMMANDS_MAX)
        return Command(self, kind, name, reply)

    def store(self, name, path, reply):
        try:
            if not stat.S_ISREG(os.stat(path).st_mode):  # opening a pipe would wait for its other end
                raise CommandError("bad-argument", "path: not a file")
            file = open(path, "rb")
        except (OSError, ValueError) as error:
            raise CommandError("bad-argument", "path: %s" % error) from None
        try:
            command = self._new_command("ring.store", name, reply)
        except CommandError:
            file.close()
            raise
        command.file = file
        if self._owns(key_of(name), self.id):
            self._store_here(command, [self.id])
        else:
            self.peer.loop.work(self._announce(command))

    def _store_here(self, command, route):
        command.answered = True
        self.peer.loop.work(self._copy(command, route))

    def _copy(self, command, route):
        """`ring.store.self`: no message, just a copy."""
        try:
            command.draft = Draft(self.peer.config.folder)
            command.file.seek(0)
            while not command.over:
                chunk = command.file.read(SLICE)
                if not chunk:
                    self.keep(command.name, command.draft)
                    command.succeed({"owner": self.id, "route": route})
                    return
                command.draft.write(chunk)
                command.progress()
                yield
        except OSError as error:
            command.fail("transfer-failed", str(error))

    def _announce(self, command):
        """Size and digest have to be known before the first message, so the file is read twice."""
        digest = hashlib.sha256()
        try:
            while not command.over:
                chunk = command.file.read(SLICE)
                if not chunk:
                    break
                digest.update(chunk)
                command.size += len(chunk)
                command.progress()
                yield
        except OSError as error:
            command.fail("transfer-failed", str(error))
        if not command.over:
            command.digest = digest.hexdigest()
            self._route(self._question(command, size=command.size))

    def request(self, name, transport, reply):
        command = self._new_command("ring.request", name, reply)
        command.transport = transport
        self._route(self._question(command, transport=transport))

    def _question(self, command, **fields):
        return {
            "type": command.kind,
            "from": self.id,
            "origin": self.id,
            "name": command.name,
            "request": command.number,
            **fields,
            "route": [],
        }

    def _command_for(self, message, kind):
        """Our command that this message belongs to, if it still waits for the owner."""
        command = self.commands.get(message["request"])
        if command and command.name == message["name"] and command.kind == kind and not command.answered:
            return command
        return None

    # -- routing --

    def _owns(self, key, sender):
        """`ring.route.owner`: is the key in (predecessor, self]?

        Before the first ping nobody has told us who our predecessor is. The message then comes from it, since it came along
        first successors. If it is our own message, we only know that our own id is ours.
        """
        members = self.members
        if members.is_alone():
            return True
        predecessor = members.predecessors[0]
        if predecessor is None:
            return key == self.id if sender == self.id else in_half_open(key, sender, self.id)
        if in_half_open(key, predecessor, self.id):
            return True
        # 5 has died, 4 has found out and sends the request for key 5 to 8, its new first successor. 8 still has 5 as its
        # predecessor, because 4 has not pinged yet. The silence of 5 tells 8 that 4 is right.
        return sender != self.id and members.first_predecessor_is_silent() and in_half_open(key, sender, self.id)

    def on_routed(self, stream, message):
        if self.peer.join.require_ring(stream, message):
            self._route(message)

    def _route(self, message, deadline=None):
        if self._owns(key_of(message["name"]), message["from"]):
            if message["type"] == "ring.store":
                self._take_store(message)
            else:
                self._take_request(message)
        elif self.id in message["route"] or len(message["route"]) == messages.MAX_ROUTE:
            # Once around, and nobody took it (`ring.route.loop`).
            command = self._command_for(message, message["type"])
            if message["origin"] == self.id and command:
                command.fail("no-owner", "the message came back: no peer on the circle owns this key")
        else:
            self._forward(message, deadline)

    def _forward(self, message, deadline):
        timeout = self.peer.config.requestTimeoutMs
        if deadline is None:
            deadline = self.peer.loop.now() + timeout / 1000
        passed = messages.passed_on(message, **{"from": self.id, "route": messages.extended(message["route"], self.id)})
        own = self.commands.get(message["request"]) if message["origin"] == self.id else None

        def sent():
            if own:
                own.passed_on = True

        def result(delivered):
            if not delivered and self.peer.kept < messages.KEPT_MAX:
                # `ring.route.retry`: the first successor may be dead. In a few ping intervals another one is in its place.
                self.peer.kept += 1
                self.peer.loop.later(self.peer.config.pingIntervalMs, self._try_again, message, deadline, own)

        self.peer.deliver(self.members.successors[0], passed, timeout, result, sent)

    def _try_again(self, message, deadline, own):
        self.peer.kept -= 1
        if self.peer.closed or self.peer.loop.now() >= deadline or (own and own.over):
            return
        try:
            self._route(message, deadline)
        except Refusal:
            pass  # busy, and nobody is left to hear it

    # -- the owner --

    def _take_store(self, message):
        origin, name, number = message["origin"], message["name"], message["request"]
        route = messages.extended(message["route"], self.id)
        if origin == self.id:
            command = self._command_for(message, "ring.store")
            if command:
                self._store_here(command, route)
            return
        key = (origin, name, number)
        if key not in self._allowed and len(self._allowed) + len(self.puts) >= PUTS_MAX:
            raise Refusal("busy", "%d files are being stored" % PUTS_MAX)
        self._withdraw(key)
        timer = self.peer.loop.later(self.peer.config.requestTimeoutMs, self._withdraw, key)
        self._allowed[key] = (message["size"], timer)
        accept = {"type": "ring.store-accept", "from": self.id, "name": name, "request": number, "route": route}
        self._tell(origin, accept)

    def _withdraw(self, key):
        if key in self._allowed:
            self._allowed.pop(key)[1].cancel()

    def _tell(self, origin, message):
        self.peer.dial(origin, message, timeout_ms=self.peer.config.requestTimeoutMs)

    def on_put(self, stream, message):
        if not self.members.in_ring():
            raise Refusal("not-in-ring", "this peer has no successors yet")
        key = (message["from"], message["name"], message["request"])
        if key not in self._allowed or self._allowed[key][0] != message["bodyLength"]:
            raise Refusal("unexpected", "no such file was accepted", close=True)
        self._withdraw(key)
        try:
            draft = Draft(self.peer.config.folder)
        except OSError as error:
            raise Refusal("internal", "cannot write: %s" % error) from None
        upload = Upload(self, stream, message, draft)
        self.puts.add(upload)
        stream.expect_body(message["bodyLength"], upload)

    def _take_request(self, message):
        origin, name, number = message["origin"], message["name"], message["request"]
        route = messages.extended(message["route"], self.id)
        if origin == self.id:
            command = self._command_for(message, "ring.request")
            if command:
                self._answer_myself(command, route)
            return
        if name not in self.stored:
            self._not_found(message)
        elif message["transport"] == "udp":
            self.peer.segments.serve(message)
        else:
            self._send_file(message)

    def _not_found(self, message):
        self._tell(
            message["origin"],
            {
                "type": "ring.not-found",
                "from": self.id,
                "name": message["name"],
                "request": message["request"],
                "route": messages.extended(message["route"], self.id),
            },
        )

    def not_found(self, message):
        self._not_found(message)

    def _answer_myself(self, command, route):
        found = self.open_stored(command.name)
        if found is None:
            command.fail("not-found", "no such file")
            return
        file, size, digest = found
        file.close()
        command.succeed(
            {"owner": self.id, "route": route, "size": size, "digest": digest, "path": self.path(command.name)}
        )

    def _send_file(self, message):
        if self._sending >= SENDING_MAX:
            raise Refusal("busy", "%d files are being sent" % SENDING_MAX)
        found = self.open_stored(message["name"])
        if found is None:
            self._not_found(message)
            return
        file, size, digest = found
        self._sending += 1
        timeout = self.peer.config.requestTimeoutMs
        sent_at = [self.peer.loop.now()]

        def progress():
            sent_at[0] = self.peer.loop.now()

        def watch():
            # A receiver that has stopped reading must not hold its place for ever.
            if errand.stream and not errand.stream.closed:
                if sent_at[0] + timeout / 1000 < self.peer.loop.now():
                    errand.fail()
                else:
                    self.peer.loop.later(timeout, watch)

        def done(reason):
            self._sending -= 1

        header = {
            "type": "ring.file",
            "from": self.id,
            "name": message["name"],
            "request": message["request"],
            "digest": digest,
            "route": messages.extended(message["route"], self.id),
            "bodyLength": size,
        }
        errand = self.peer.dial(message["origin"], header, body=Body(file, size, progress), on_done=done)
        self.peer.loop.later(timeout, watch)

    # -- the origin --

    def on_store_accept(self, stream, message):
        command = self._command_for(message, "ring.store")
        if command is None:
            raise Refusal("unexpected", "no store waits for this")
        command.answered = True
        command.progress()
        owner, route = message["from"], message["route"]
        put = {
            "type": "ring.put",
            "from": self.id,
            "name": command.name,
            "request": command.number,
            "digest": command.digest,
            "bodyLength": command.size,
        }

        def answer(stored):
            same = stored.get("name") == command.name and stored.get("request") == command.number
            if stored["type"] == "ring.stored" and same:
                command.succeed({"owner": owner, "route": route})
            elif stored["type"] == "error":
                command.fail("transfer-failed", "the owner answered %s: %s" % (stored["code"], stored["message"]))

        def done(reason):
            if reason == "unreachable":
                command.fail("unreachable", "the owner, peer %d, cannot be reached" % owner)
            else:
                command.fail("transfer-failed", "the connection ended before the file was stored")

        file, command.file = command.file, None
        file.seek(0)
        body = Body(file, command.size, command.progress)
        command.errand = self.peer.dial(owner, put, body=body, on_answer=answer, on_done=done)

    def on_not_found(self, stream, message):
        command = self._command_for(message, "ring.request")
        if command is None:
            raise Refusal("unexpected", "no request waits for this")
        command.fail("not-found", "peer %d does not have the file" % message["from"])

    def waiting(self, message, transport):
        """Our request that this `file` or `offer` answers, or None."""
        command = self._command_for(message, "ring.request")
        return command if command and command.transport == transport else None

    def on_file(self, stream, message):
        command = self.waiting(message, "tcp")
        if command is None:
            raise Refusal("unexpected", "no request waits for this", close=True)
        try:
            command.draft = Draft(self.peer.config.folder)
        except OSError as error:
            command.fail("transfer-failed", "cannot write: %s" % error)
            raise Refusal("internal", "cannot write: %s" % error) from None
        command.answered = True
        command.progress()
        command.stream = stream
        stream.expect_body(message["bodyLength"], Download(self, command, message))

    def complete(self, command, owner, route, size, digest):
        """All bytes are here. Success is reported only if they are the right ones (`ring.request.verify`)."""
        command.stream = None
        draft = command.draft
        if draft.size != size or draft.digest() != digest:
            command.fail("digest-mismatch", "the bytes received are not those that were announced")
            return
        # Not under the plain name: there lies the file itself, if one day we own it. And with the number, so that a later
        # request does not change what the result of this one names.
        path = self.path("received-%s-%d" % (command.name, command.number))
        try:
            draft.commit(path)
        except OSError as error:
            command.fail("transfer-failed", "cannot write: %s" % error)
            return
        command.succeed({"owner": owner, "route": route, "size": size, "digest": digest, "path": path})
