"""Start a command that cannot outlive the process that asked for it.

Run as a file, before the command itself: `python -I -S tether.py PARENT COMMAND…`. It asks the system to send
SIGKILL when the parent is gone and then *becomes* the command, so the command keeps the process id that
the parent knows and a `kill -9` of that id hits the right process. Without it, a parent killed with `kill -9`
would leave a broker and a database running for ever.
"""

import contextlib
import ctypes
import os
import signal
import sys
import time

PR_SET_PDEATHSIG = 1
WATCH_SECONDS = 0.5


def die_with_parent(parent: int) -> None:
    """Have this process killed when `parent` (its process id) ends. Survives `exec`."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it went before the request was made: nobody would ever tell us
            os._exit(1)
    else:
        _watch(parent, os.getpid())


def _watch(parent: int, child: int) -> None:
    """The same where the system offers nothing: a small process that looks twice a second."""
    if os.fork():
        return
    os.setsid()
    with contextlib.suppress(ProcessLookupError):
        while True:
            os.kill(child, 0)
            try:
                os.kill(parent, 0)
            except ProcessLookupError:
                os.kill(child, signal.SIGKILL)
                break
            time.sleep(WATCH_SECONDS)
    os._exit(0)


if __name__ == "__main__":
    die_with_parent(int(sys.argv[1]))
    os.execvp(sys.argv[2], sys.argv[2:])  # the caller chose the command; no shell in between
