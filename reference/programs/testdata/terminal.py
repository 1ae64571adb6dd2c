"""Runs a program on a terminal of its own: `terminal.py ROWSxCOLUMNS PROGRAM ARGUMENTS...`

What comes in on standard input is typed there, what the program writes goes out. Ends with the program's exit code.
"""
import fcntl
import os
import pty
import select
import struct
import sys
import termios

rows, columns = map(int, sys.argv[1].split("x"))
pid, terminal = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    os.execvp(sys.argv[2], sys.argv[2:])

sources = [0, terminal]
while terminal in sources:
    for ready in select.select(sources, [], [])[0]:
        try:
            data = os.read(ready, 65536)
        except OSError:  # Linux says so when the program has closed its terminal.
            data = b""
        if data:
            os.write(1 if ready == terminal else terminal, data)
        else:
            sources.remove(ready)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
