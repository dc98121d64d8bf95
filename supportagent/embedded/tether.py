"""Runs a module in a child process that ends with its parent, however the parent ends.

Started by its path with the module's name and arguments. The parent holds the other end of standard input and never
writes: the end of that stream is the end of the parent.
"""

import os
import runpy
import signal
import sys
import threading
from pathlib import Path

GRACE_SECONDS = 3.0


def main() -> None:
    """Watch the parent from a thread, and be the module."""
    module, *arguments = sys.argv[1:]
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # This file's folder stands first in the path, and its names are not the module's to find.
    sys.path[0] = str(Path.cwd())
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _end_with_parent() -> None:
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(GRACE_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    main()
