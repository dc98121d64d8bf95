"""The simulated platform as a child process: started, started again if it dies, ended with us."""

import json
import logging
import subprocess
import sys
import threading
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.conf import settings

logger = logging.getLogger(__name__)

TETHER = Path(__file__).with_name("tether.py")
MODULE = "simulator"
PAUSES = (1.0, 2.0, 5.0, 15.0)
END_SECONDS = 2.0


def is_here() -> bool:
    """Whether the simulator came with this copy of the product."""
    return find_spec(MODULE) is not None


class SimulatorProcess:
    """One simulator on ``port``, configured by ``config`` (see the simulator's own pages)."""

    def __init__(self, *, port: int, folder: Path, config: Mapping[str, Any]) -> None:
        self._port = port
        self._folder = folder
        self._config = config
        self._stopping = threading.Event()
        self._settled = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None
        self._keeper = threading.Thread(target=self._keep, name="simulator", daemon=True)

    def start(self) -> None:
        """Write its configuration and begin to keep it running."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / "config.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(self._config, indent=1))
        self._keeper.start()

    def wait_until_it_listens(self, seconds: float) -> bool:
        """Wait for its first word, which it says once it listens; False if that did not come, or it is being ended."""
        return self._settled.wait(seconds) and not self._stopping.is_set()

    def stop(self) -> None:
        """End it, within seconds."""
        self._stopping.set()
        self._settled.set()
        child = self._child
        if child is None:
            return
        child.terminate()
        try:
            child.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def _keep(self) -> None:
        deaths = 0
        while not self._stopping.is_set():
            self._child = self._spawn()
            if self._stopping.is_set():
                self._child.terminate()
            code = self._follow(self._child)
            if self._stopping.is_set():
                return
            pause = PAUSES[min(deaths, len(PAUSES) - 1)]
            deaths += 1
            logger.warning("The simulator ended by itself (exit %d); starting it again in %.0f s.", code, pause)
            self._stopping.wait(pause)

    def _follow(self, child: "subprocess.Popen[bytes]") -> int:
        if child.stdout is None:
            return child.wait()
        with child.stdout:
            if child.stdout.readline():
                self._settled.set()
            # Nobody reads on; a pipe that is never emptied would hold it up.
            while child.stdout.read(4096):
                pass
        return child.wait()

    def _spawn(self) -> "subprocess.Popen[bytes]":
        command = [sys.executable, str(TETHER), MODULE, "--port", str(self._port), "--data", str(self._folder)]
        return subprocess.Popen(  # noqa: S603  (our own interpreter and module)
            [*command, "--config", str(self._folder / "config.json")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=settings.BASE_DIR,
            # Ctrl-C in the terminal is for us; we end it in our own order.
            start_new_session=True,
        )
