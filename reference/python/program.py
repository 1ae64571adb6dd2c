"""The main function of the programs in this folder: a loop, a control channel, and the nodes that it starts."""

import sys

from control import Program
from loop import Loop


def raise_file_limit():
    """Let the process open as many sockets as it may: a process that hosts twenty peers needs more than the usual 1024."""
    try:
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard == resource.RLIM_INFINITY or hard > 65536:
            hard = 65536
        if soft < hard:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    except (ImportError, OSError, ValueError):
        pass


def main(implementation, arguments, usage):
    """Run until standard input ends; the exit code of the process."""
    if any(argument != "--single" for argument in arguments):
        sys.stderr.write(usage)
        return 2
    loop = Loop()
    program = Program(loop, implementation, single="--single" in arguments)
    try:
        raise_file_limit()
        loop.run()
    except KeyboardInterrupt:
        pass
    program.close()
    return 0
