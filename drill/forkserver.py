"""Starting the product's processes quickly: one process loads the product and its engine, and each start is a fork of it.

What runs in a fork is the product's own command, and SIGKILL ends it as it would end any process; only the seconds of
importing are saved, which a drill that restarts a hundred times would mostly consist of. ``python -m drill.forkserver``
is the server; it is talked to in lines of JSON.
"""

import importlib
import json
import os
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn, Self

# What the mind's calls of models are made with.
SHARED_OUT = frozenset({"MODEL_CHAIN", "WORK_THREADS"})


class ForkServer:
    """The drill's end. Use as a context; its forks are ended by whoever asked for them."""

    def __init__(self, *, root: Path, environment: Mapping[str, str], log: Path) -> None:
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "drill.forkserver"],
                cwd=root,
                env=dict(environment),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def start(
        self, command: tuple[str, ...], *, log: Path, settings: Mapping[str, Any] | None = None, mutant: str = ""
    ) -> "Fork":
        """A process that runs ``command``: ``manage.py …`` or ``celery …``."""
        order = {"command": list(command), "log": str(log), "settings": dict(settings or {}), "mutant": mutant}
        return Fork(self, int(self.ask(order)["pid"]))

    def ask(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """One order and its answer. Raises OSError where the server is gone."""
        if self._process.stdin is None or self._process.stdout is None:
            raise OSError("The fork server was not started with pipes.")
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise OSError("The fork server has ended; its log says why.")
        answer: dict[str, Any] = json.loads(line)
        return answer


class Fork:
    """One fork, seen as ``subprocess.Popen`` would be."""

    def __init__(self, server: ForkServer, pid: int) -> None:
        self._server = server
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Its exit code once it has ended: negative for a signal."""
        if self.returncode is None:
            self.returncode = self._server.ask({"poll": self.pid})["code"]
        return self.returncode

    def wait(self) -> int:
        """Wait until it has ended."""
        if self.returncode is None:
            self.returncode = int(self._server.ask({"wait": self.pid})["code"])
        return self.returncode


def main() -> None:
    """Load the product, then fork whenever it is asked for."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "supportagent.settings")
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    _load()
    for line in sys.stdin:
        order = json.loads(line)
        if "poll" in order:
            answer = {"code": _ended(order["poll"], os.WNOHANG)}
        elif "wait" in order:
            answer = {"code": _ended(order["wait"], 0)}
        else:
            if "MODEL_CHAIN" in order["settings"]:
                _load_models(order["settings"])
            answer = {"pid": _fork(order, answers.fileno())}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _load() -> None:
    import django  # noqa: PLC0415  (only the server's end holds the product)

    django.setup()
    from django.db import connections  # noqa: PLC0415

    from agent import runtime  # noqa: PLC0415

    runtime.warm_up()
    connections.close_all()
    if threading.active_count() > 1:
        sys.exit("The product began a thread while it was loaded, and threads do not survive a fork.")


def _load_models(settings: Mapping[str, Any]) -> None:
    """Load what models behind an API need, once for all forks: it takes longer than all the rest of a start."""
    if "langchain_openai" in sys.modules:
        return
    from django.conf import settings as product  # noqa: PLC0415

    from agent.llm import chain  # noqa: PLC0415

    before = {name: getattr(product, name) for name in settings}
    _set(settings)
    chain.configured()
    _set(before)


def _set(settings: Mapping[str, Any]) -> None:
    from django.conf import settings as product  # noqa: PLC0415

    for name, value in settings.items():
        setattr(product, name, value)


def _ended(pid: int, options: int) -> int | None:
    found, status = os.waitpid(pid, options)
    return os.waitstatus_to_exitcode(status) if found else None


def _fork(order: Mapping[str, Any], answers: int) -> int:
    pid = os.fork()
    if not pid:
        os.close(answers)
        _be(order)
    return pid


def _be(order: Mapping[str, Any]) -> NoReturn:
    """Become the process that was asked for; never returns to the server's loop."""
    code = 1
    try:
        os.setsid()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        log = os.open(order["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for old, new in ((nothing, 0), (log, 1), (log, 2)):
            os.dup2(old, new)
        _forget_the_reactor()
        run(order["command"], settings=order["settings"], mutant=order["mutant"])
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            os.write(2, f"{end.code}\n".encode())
    except BaseException:  # noqa: BLE001  (this is the edge of the process)
        traceback.print_exc()
    finally:
        with suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _forget_the_reactor() -> None:
    """Twisted's loop was made when Django was set up; forks that shared its epoll would take each other's events."""
    kept = ("daphne.apps", "daphne.checks")
    for name in list(sys.modules):
        if name == "twisted.internet.reactor" or (name.startswith("daphne.") and name not in kept):
            del sys.modules[name]


def run(command: list[str], *, settings: Mapping[str, Any], mutant: str = "") -> None:
    """Run a command of the product here: ``manage.py …`` or ``celery …``, with settings of the drill's own."""
    from django.core.management import execute_from_command_line  # noqa: PLC0415

    _set(settings)
    if SHARED_OUT & settings.keys():
        # The mind was made with the server's own settings, and its encoders are kept.
        from agent import runtime  # noqa: PLC0415
        from agent.llm import chain  # noqa: PLC0415

        runtime.mind()._chain = chain.configured()  # noqa: SLF001
    if mutant:
        importlib.import_module("drill.mutant").apply(mutant)
    sys.argv = list(command)
    if command[0] == "celery":
        from supportagent.celery import app  # noqa: PLC0415

        app.start(argv=command[1:])
    else:
        execute_from_command_line(command)


if __name__ == "__main__":
    main()
