"""A program of this folder as a child process, for its tests: driven through its control channel, and through sockets on the
loopback interface.

Nothing here waits for a fixed time: a test asks again until what it expects is so, and fails after a few seconds.
"""

import json
import os
import random
import select
import signal
import socket
import subprocess
import sys
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
PATIENCE = 5.0  # seconds until a condition has to be true
TEST_SECONDS = 20  # no test takes longer
# Other programs of this kind may run at the same time and choose the same ports. Where the whole of 127/8 is ours (Linux),
# each run has an address of its own.
HOST = "127.%d.%d.1" % (os.getpid() // 256 % 256, os.getpid() % 256) if sys.platform == "linux" else "127.0.0.1"


def free_base(count=256):
    """A base port below the ephemeral range; so many ports from there on are free."""
    while True:
        base = random.randrange(10000, 32000)
        try:
            for port in range(base, base + count):
                for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                    with socket.socket(socket.AF_INET, kind) as sock:
                        sock.bind((HOST, port))
            return base
        except OSError:
            continue


class Failed(Exception):
    def __init__(self, code, message):
        super().__init__("%s: %s" % (code, message))
        self.code = code


class Child:
    """The program under test."""

    def __init__(self, program, *arguments):
        self.process = subprocess.Popen(
            [sys.executable, os.path.join(HERE, program), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
        )
        self.buffer = b""
        self.events = []
        self.replies = {}
        self.seq = 0
        self.await_true(lambda: self.events, "hello")
        self.hello = self.events[0]

    def pump(self, seconds):
        """Read what is there, or wait that long for something."""
        if not select.select([self.process.stdout], [], [], seconds)[0]:
            return
        data = os.read(self.process.stdout.fileno(), 65536)
        if not data:
            raise AssertionError("the program has ended: " + self.errors())
        self.buffer += data
        *lines, self.buffer = self.buffer.split(b"\n")
        for line in lines:
            message = json.loads(line)
            if "event" in message:
                self.events.append(message)
            else:
                assert message["seq"] not in self.replies, "a second reply"
                self.replies[message["seq"]] = message

    def await_true(self, condition, text, seconds=PATIENCE):
        deadline = time.monotonic() + seconds
        while True:
            value = condition()
            if value:
                return value
            if time.monotonic() > deadline:
                raise AssertionError("not within %s s: %s" % (seconds, text))
            self.pump(0.01)

    def write(self, data):
        self.process.stdin.write(data)

    def ask(self, command, **arguments):
        """Send a command; the result is the seq, under which the reply will come."""
        self.seq += 1
        line = {"seq": self.seq, "command": command, **arguments}
        self.write(json.dumps(line).encode() + b"\n")
        return self.seq

    def reply(self, seq):
        return self.await_true(lambda: self.replies.get(seq), "reply %r" % seq)

    def do(self, command, **arguments):
        reply = self.reply(self.ask(command, **arguments))
        if not reply["ok"]:
            raise Failed(**reply["error"])
        return reply["result"]

    def errors(self):
        if select.select([self.process.stderr], [], [], 0)[0]:
            return os.read(self.process.stderr.fileno(), 65536).decode()
        return ""

    def memory(self):
        """Its resident memory in bytes; 0 where nobody says."""
        try:
            with open("/proc/%d/statm" % self.process.pid) as file:
                return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except OSError:
            return 0

    def end(self):
        """Close its input; the exit code."""
        self.process.stdin.close()
        return self.process.wait(2)

    def close(self):
        if self.process.poll() is None:
            try:
                self.process.stdin.close()
                self.process.wait(2)
            except (OSError, subprocess.TimeoutExpired):
                self.process.kill()
                self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            stream.close()


class Node:
    """One node in a child, which may have several."""

    def __init__(self, child, number):
        self.child = child
        self.number = number

    def do(self, command, **arguments):
        return self.child.do(command, node=self.number, **arguments)

    def ask(self, command, **arguments):
        return self.child.ask(command, node=self.number, **arguments)

    def state(self):
        return self.do("state")

    def events(self, name=None):
        return [
            event
            for event in self.child.events
            if event.get("node", self.number) == self.number and name in (None, event["event"]) and event["event"] != "hello"
        ]

    def until(self, field, value):
        self.child.await_true(lambda: self.state()[field] == value, "node %d: %s = %r" % (self.number, field, value))

    def until_event(self, kind, **fields):
        def found():
            for event in self.events(kind):
                if all(event.get(field) == value for field, value in fields.items()):
                    return event
            return None

        return self.child.await_true(found, "node %d: event %s %r" % (self.number, kind, fields))


class Wire:
    """One TCP connection of the test."""

    def __init__(self, sock):
        self.sock = sock
        self.sock.settimeout(PATIENCE)
        self.file = sock.makefile("rb")

    def send(self, **message):
        self.sock.sendall(json.dumps(message).encode() + b"\n")

    def line(self):
        """The next message, or None when the other side has closed."""
        try:
            line = self.file.readline()
        except ConnectionResetError:
            return None
        return json.loads(line) if line else None

    def close(self):
        self.file.close()
        self.sock.close()


class Base(unittest.TestCase):
    PROGRAM = ""  # the file of the program under test

    def setUp(self):
        def expired(signum, frame):
            raise AssertionError("the test took longer than %d s" % TEST_SECONDS)

        signal.signal(signal.SIGALRM, expired)
        signal.alarm(TEST_SECONDS)
        self.addCleanup(signal.alarm, 0)

    def child(self, *arguments):
        child = Child(self.PROGRAM, *arguments)
        self.addCleanup(child.close)
        return child

    def connect_to(self, port):
        wire = Wire(socket.create_connection((HOST, port)))
        self.addCleanup(wire.close)
        return wire

    def fails(self, code, do, *arguments, **fields):
        with self.assertRaises(Failed) as caught:
            do(*arguments, **fields)
        self.assertEqual(caught.exception.code, code)
