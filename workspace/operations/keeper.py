"""Keeps one program from outliving its time: started by its path with a deadline in seconds and the program's words.

It ends the program, and every process that came of it, when the deadline has passed or when whoever started this is
gone (the other end of standard input closes). Exit 124 says that the deadline did it, 125 that the starter was gone;
any other code is the program's own.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

DEADLINE_PASSED = 124
STARTER_GONE = 125
GRACE_SECONDS = 10.0
BECOME_PARENT_OF_ORPHANS = 36


def main() -> int:
    """Run the program to its end, or to ours."""
    seconds, *command = sys.argv[1:]
    with suppress(OSError, AttributeError):
        # So that what the program leaves behind is found here, and not with the first process of the machine.
        ctypes.CDLL(None).prctl(BECOME_PARENT_OF_ORPHANS, 1, 0, 0, 0)
    program = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)  # noqa: S603  (our starter's words)
    gone = threading.Event()
    threading.Thread(target=_listen, args=(gone,), daemon=True).start()
    signal.signal(signal.SIGTERM, lambda *_: gone.set())
    deadline = time.monotonic() + float(seconds)
    while program.poll() is None and not gone.wait(0.2) and time.monotonic() < deadline:
        pass
    code = program.poll()
    if code is None:
        _end(program)
        code = STARTER_GONE if gone.is_set() else DEADLINE_PASSED
    _end_the_rest()
    return code if code >= 0 else 128 - code


def _listen(gone: threading.Event) -> None:
    while os.read(0, 1024):
        pass
    gone.set()


def _end(program: "subprocess.Popen[bytes]") -> None:
    """An interrupt lets it clear up after itself; what does not listen is killed."""
    with suppress(ProcessLookupError):
        os.killpg(program.pid, signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        program.wait(GRACE_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(program.pid, signal.SIGKILL)
    program.wait()


def _end_the_rest() -> None:
    """Kill what the program started and left; each may have children of its own, which come to us in turn."""
    while children := _children():
        for pid in children:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(pid, 0)


def _children() -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError, IndexError):
            # The name in brackets may hold spaces; what follows it does not: state, then the parent.
            if int(entry.read_text().rpartition(")")[2].split()[1]) == os.getpid():
                found.append(int(entry.parent.name))
    return found


if __name__ == "__main__":
    sys.exit(main())
