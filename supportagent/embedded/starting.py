"""What is judged before anything starts. Each reason not to start is one sentence that says what to do."""

import errno
import fcntl
import os
import socket
from pathlib import Path
from typing import IO

from supportagent.secrets import keep_private

LOCK_NAME = ".up.lock"


class CannotStart(Exception):
    """A reason not to start, fit for the person who tried."""


def hold(folder: Path) -> IO[str]:
    """The folder's lock, held until the file is closed or the process ends, however it ends. Raises CannotStart.

    What lies in the folder is made its owner's alone. The folder itself keeps its rights if somebody else made it: it
    may be one that other things lie in.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (folder / LOCK_NAME).open("a+")
    except OSError as error:
        raise CannotStart(
            f"The folder {folder} cannot be used ({error.strerror}): make it writable, or set VAR_DIR to a folder that is."
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.seek(0)
        holder = lock.read().strip() or "unknown"
        lock.close()
        raise CannotStart(
            f"A copy of this already runs on {folder} (process {holder}): stop it, or set VAR_DIR to another folder."
        ) from error
    lock.seek(0)
    lock.truncate()
    lock.write(str(os.getpid()))
    lock.flush()
    # What an earlier version, a copy or a backup put here may be open to everybody on this machine.
    for path in (folder / LOCK_NAME, *folder.glob("db.sqlite3*"), folder / "simulator", folder / "media"):
        keep_private(path)
    return lock


def require_free_port(host: str, port: int, *, setting: str) -> None:
    """Raise CannotStart unless somebody could listen on ``host:port`` now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
            # Two sockets may be bound to a port as long as none listens.
            trial.listen(1)
        except socket.gaierror as error:
            raise CannotStart(f"{host} is no address of this machine: set HOST to one, such as 127.0.0.1.") from error
        except OverflowError as error:
            raise CannotStart(f"{port} is no port: set {setting} to a number from 1 to 65535.") from error
        except OSError as error:
            raise CannotStart(_why_not(error, host, port, setting)) from error


def _why_not(error: OSError, host: str, port: int, setting: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is in use: stop what uses it, or choose another with {setting}={port + 10}."
    if error.errno == errno.EACCES:
        return f"Port {port} needs rights that you do not have: choose one above 1024 with {setting}=8000."
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{host} is no address of this machine: set HOST to one, such as 127.0.0.1."
    return f"Port {port} on {host} cannot be used ({error.strerror}): choose another with {setting}={port + 10}."
