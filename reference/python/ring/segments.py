"""Transfer over UDP: stop-and-wait (spec/ring/ring.md, section 10).

The owner, peer 19, sends a file of 1,000 bytes to peer 4, with 400 bytes in a segment:

    19 -> 4    offer, transfer 3          4 -> 19    ready
    19 -> 4    data seq 1                 4 -> 19    ack 401
    19 -> 4    data seq 401               (lost)
    19 -> 4    data seq 401 again         4 -> 19    ack 801
    19 -> 4    data seq 801 (200 bytes)   4 -> 19    ack 1001
    19 -> 4    end seq 1001               4 -> 19    ack 1002

One message is under way at a time, and it is repeated until it is answered: nothing else can get lost unnoticed. The owner
drives; the requester only answers. It answers a repetition again, because what was lost may have been its answer.

To let people see losses on an interface that loses nothing, the owner drops segments of its own with `dropProbability`.
"""

import os
from binascii import b2a_base64
from collections import OrderedDict, deque

from ring import messages
from ring.files import Draft
from wire import Refusal

SERVING_MAX = 64
HELD_MAX = 256
FINISHED_MAX = 256
SERVED_MAX = 1024


class Sending:
    """A transfer seen by the owner."""

    def __init__(self, segments, number, message, file, size, digest):
        self._segments = segments
        self._peer = segments.peer
        self.number = number
        self.to = message["origin"]
        self.request = message["request"]
        self.name = message["name"]
        self._file = file
        self._size = size
        self._sent = 0  # bytes of the file that are acknowledged
        self._length = 0  # data bytes in the segment that is under way
        self._again = 0  # retransmissions of the present message
        self._timer = None
        self._present = {
            "type": "ring.offer",
            "from": self._peer.id,
            "transfer": number,
            "request": self.request,
            "name": self.name,
            "size": size,
            "digest": digest,
            "mss": self._peer.config.mss,
            "route": messages.extended(message["route"], self._peer.id),
        }
        self._transmit()

    def _transmit(self):
        """Send the present message, for the first time or again."""
        segments = self._segments
        dropped = False
        if self._length:
            dropped = segments.draw_drop()
            action = "drop" if dropped else "RTX" if self._again else "snd"
            segments.log(self.name, self.to, action, seq=self._present["seq"], bytes=self._length)
        if not dropped:
            self._peer.send(self.to, self._present)
        self._timer = self._peer.loop.later(self._peer.config.retransmitTimeoutMs, self._unanswered)

    def _unanswered(self):
        if self._again >= self._peer.config.retransmissionsMax:
            self._segments.end_sending(self)
            return
        self._again += 1
        self._transmit()

    def _next(self):
        """The present message is answered: the next segment, or the end."""
        self._timer.cancel()
        self._again = 0
        head = {"from": self._peer.id, "transfer": self.number, "seq": self._sent + 1}
        self._length = min(self._peer.config.mss, self._size - self._sent)
        if self._length:
            data = os.pread(self._file.fileno(), self._length, self._sent)
            if len(data) < self._length:  # somebody has cut the file behind our back
                self._segments.end_sending(self)
                return
            self._present = {"type": "ring.data", **head, "data": b2a_base64(data, newline=False).decode("ascii")}
        else:
            self._present = {"type": "ring.end", **head}
        self._transmit()

    def on_ready(self):
        if self._present["type"] == "ring.offer":
            self._next()

    def on_ack(self, ack):
        kind = self._present["type"]
        if self._length and ack == self._sent + 1 + self._length:
            self._segments.log(self.name, self.to, "rcv", bytes=self._length, ack=ack)
            self._sent += self._length
            self._next()
        elif kind == "ring.end" and ack == self._size + 2:
            self._segments.end_sending(self)
        elif 1 < ack <= self._sent + 1:
            # The ack of a segment that was acknowledged before: the answer to a repetition that was not needed.
            mss = self._peer.config.mss
            if (ack - 1) % mss == 0 or ack - 1 == self._size:
                length = mss if (ack - 1) % mss == 0 else (ack - 1) % mss
                self._segments.log(self.name, self.to, "rcv", bytes=length, ack=ack)

    def close(self):
        if self._timer:
            self._timer.cancel()
        self._file.close()


class Receiving:
    """A transfer seen by the requester. When it is finished, what is left is enough to repeat its acks."""

    def __init__(self, command, message):
        self.key = (message["from"], message["transfer"])
        self.name = message["name"]
        self.command = command
        self.offer = message
        self.next = 1  # the seq that we expect

    def finish(self):
        self.command = None


class Segments:
    def __init__(self, peer):
        self.peer = peer
        self._sending = {}  # number of the transfer -> Sending
        self._held = deque()  # (request, time) of requests for which there is no place yet
        self._served = OrderedDict()  # (origin, request) of the last transfers that have begun
        self._receiving = {}  # (owner, number) -> Receiving
        self._finished = OrderedDict()  # the same, of the last transfers that are over
        self._random = None

    def close(self):
        for sending in self._sending.values():
            sending.close()
        self._sending.clear()
        self._held.clear()

    def draw_drop(self):
        probability = self.peer.config.dropProbability
        if not probability:
            return False
        if self._random is None:
            import random  # takes a while to load, and most peers never drop anything

            self._random = random.Random(self.peer.config.seed)
        return self._random.random() < probability

    def log(self, name, peer, action, seq=0, bytes=0, ack=0):
        if self.peer.config.segmentLog:
            time = int((self.peer.loop.now() - self.peer.started) * 1000)
            self.peer.emit(
                "segment", name=name, peer=peer, action=action, timeMs=time, seq=seq, bytes=bytes, ack=ack
            )

    # -- the owner --

    def serve(self, message):
        """Answer a request with transport `udp` for a file that is stored here."""
        asked = (message["origin"], message["request"])
        if asked in self._served or asked in [(held["origin"], held["request"]) for held, _ in self._held]:
            return  # the same request has come twice: a peer on its way was not sure that it arrived
        if len(self._sending) < SERVING_MAX:
            self._start(message)
        elif len(self._held) < HELD_MAX:
            self._held.append((message, self.peer.loop.now()))
        else:
            raise Refusal("busy", "%d transfers are under way and %d wait" % (SERVING_MAX, HELD_MAX))

    def _start(self, message):
        found = self.peer.files.open_stored(message["name"])
        if found is None:
            self.peer.files.not_found(message)
            return
        self._served[message["origin"], message["request"]] = True
        if len(self._served) > SERVED_MAX:
            self._served.popitem(last=False)
        number = self.peer.files.next_number()
        self._sending[number] = Sending(self, number, message, *found)

    def end_sending(self, sending):
        sending.close()
        self._sending.pop(sending.number, None)
        patience = self.peer.config.requestTimeoutMs / 1000
        while self._held and len(self._sending) < SERVING_MAX:
            message, since = self._held.popleft()
            if self.peer.loop.now() - since < patience:  # else its origin has given up long ago
                self._start(message)

    def _sending_to(self, message):
        sending = self._sending.get(message["transfer"])
        return sending if sending and sending.to == message["from"] else None

    def on_ready(self, message):
        sending = self._sending_to(message)
        if sending:
            sending.on_ready()

    def on_ack(self, message):
        sending = self._sending_to(message)
        if sending:
            sending.on_ack(message["ack"])

    # -- the requester --

    def on_offer(self, message):
        key = (message["from"], message["transfer"])
        if key not in self._receiving:
            command = self.peer.files.waiting(message, "udp")
            if command is None or key in self._finished:
                return  # nobody waits for it
            try:
                command.draft = Draft(self.peer.config.folder)
            except OSError as error:
                command.fail("transfer-failed", "cannot write: %s" % error)
                return
            command.answered = True
            command.progress()
            command.transfer = self._receiving[key] = Receiving(command, message)
        self.peer.send(message["from"], {"type": "ring.ready", "from": self.peer.id, "transfer": message["transfer"]})

    def on_data(self, message):
        transfer = self._transfer_of(message)
        if transfer is None:
            return
        data, seq = messages.decode(message["data"]), message["seq"]
        self.log(transfer.name, message["from"], "rcv", seq=seq, bytes=len(data))
        after = seq + len(data)
        if seq == transfer.next and transfer.command:
            if len(data) > transfer.offer["mss"] or not self._write(transfer, data):
                return
            transfer.next = after
        elif after > transfer.next:
            return  # a segment before this one is missing
        self._ack(transfer, after)
        self.log(transfer.name, message["from"], "snd", bytes=len(data), ack=after)
        if transfer.command and transfer.next - 1 > transfer.offer["size"]:
            # More bytes than were offered: this can only end badly, and must not go on until the disk is full.
            transfer.command.fail("digest-mismatch", "the owner sends more than it offered")

    def _write(self, transfer, data):
        try:
            transfer.command.draft.write(data)
        except OSError as error:
            transfer.command.fail("transfer-failed", "cannot write: %s" % error)
            return False
        transfer.command.progress()
        return True

    def on_end(self, message):
        """The end, and nothing else, ends a transfer: a short segment does not."""
        transfer = self._transfer_of(message)
        if transfer is None or message["seq"] != transfer.next:
            return
        self._ack(transfer, message["seq"] + 1)
        if transfer.command:
            offer = transfer.offer
            command = transfer.command
            self.peer.files.complete(command, offer["from"], offer["route"], offer["size"], offer["digest"])

    def _ack(self, transfer, ack):
        owner, number = transfer.key
        self.peer.send(owner, {"type": "ring.ack", "from": self.peer.id, "transfer": number, "ack": ack})

    def _transfer_of(self, message):
        key = (message["from"], message["transfer"])
        return self._receiving.get(key) or self._finished.get(key)

    def forget(self, transfer):
        """The command of this transfer is over. The transfer is remembered for a while: our last ack may have been lost."""
        transfer.finish()
        self._receiving.pop(transfer.key, None)
        self._finished[transfer.key] = transfer
        while len(self._finished) > FINISHED_MAX:
            self._finished.popitem(last=False)
