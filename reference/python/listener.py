"""A listening TCP socket, and the connections that others have opened to it.

A node serves at least 64 connections at once (spec: common, `common.tcp.slow`), and no connection can keep it from serving the
others. So there is a bound, and a rule for the one that comes when it is reached: the connection that has been silent for the
longest time goes, if nothing is owed to it.
"""

import errno
import socket

AT_ONCE = 64  # new connections that are taken before anything else gets its turn


class Listener:
    """`accept(sock)` makes a party of a new connection: an object with its `stream`, which calls `forget` when that is over.

    When the bound is reached and something is owed on every connection, there are two ways. A party that is over the bound
    is told to `refuse_all()`; or, with `patient`, the newcomer waits in the queue of the operating system.
    """

    def __init__(self, loop, host, port, limit, accept, patient=False):
        self._loop = loop
        self._limit = limit
        self._accept = accept
        self._patient = patient
        self._waiting = False
        self.parties = {}  # party: True, the one that was opened first comes first; at most `limit`, and one that is refused
        self._socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
        try:
            self._socket.setblocking(False)
            # Connections of a node that ran here before may still be dying (TIME-WAIT); they must not keep us from listening.
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind((host, port))
            self._socket.listen(1024)
        except OSError:
            self._socket.close()
            raise
        self._listen()

    def close(self):
        if self._socket is None:
            return
        self._loop.watch(self._socket, None, None)
        self._socket.close()
        self._socket = None
        for party in list(self.parties):
            party.stream.abort()

    def forget(self, party):
        self.parties.pop(party, None)
        if self._waiting:
            self._listen()

    def _listen(self):
        self._waiting = False
        if self._socket:
            self._loop.watch(self._socket, self._connections, None)

    def _wait(self):
        self._waiting = True
        self._loop.watch(self._socket, None, None)

    def _connections(self):
        for _ in range(AT_ONCE):
            full = len(self.parties) >= self._limit
            if full and self._patient and not self._idle():
                self._wait()
                return
            try:
                sock, _ = self._socket.accept()
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                if error.errno in (errno.EMFILE, errno.ENFILE):
                    # No descriptor is free. Left alone, the waiting connection would wake us again at once, for ever.
                    self._drop_idle()
                    self._wait()
                    self._loop.later(50, self._listen)
                    return
                continue
            if full:
                self._drop_idle()
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            party = self._accept(sock)
            self.parties[party] = True
            if len(self.parties) > self._limit:
                party.refuse_all()

    def _idle(self):
        return [party for party in self.parties if party.stream.due == 0]

    def _drop_idle(self):
        """Make room: give up the connection that has been silent for the longest time, if we owe it nothing."""
        idle = self._idle()
        if idle:
            min(idle, key=lambda party: party.stream.last_heard).stream.abort()
