"""Scripted conversations: whole talks, each judged by what was told and how it ended."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.conf import settings

from agent.evaluation.business import Workshop
from agent.evaluation.figures import Finding
from agent.evaluation.rows import FileProblem

# Nothing else is handed on: a database, a broker or a model's key of this installation is none of the rehearsal's.
_HANDED_ON = ("PATH", "HOME", "LANG", "TMPDIR", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")


def measure_conversations(workshop: Workshop) -> Finding:
    """Play every conversation with the whole product, on an installation that is made for it and forgotten.

    Raises FileProblem where that cannot be done.
    """
    with TemporaryDirectory(prefix="rehearsal-") as folder:
        place = surroundings(folder)
        workshop.tell("Setting up an installation …")
        _manage(place, "setup")
        workshop.tell("Playing the conversations …")
        found: dict[str, Any] = json.loads(_manage(place, "rehearse", "--json"))
    count, missed = found["conversations"], found["missed"]
    lines = [line for name, faults in missed.items() for line in (name, *(f"  {fault}" for fault in faults))]
    return Finding(figures={"n": count, "accuracy": round((count - len(missed)) / count, 4)}, lines=tuple(lines))


def surroundings(folder: str) -> dict[str, str]:
    """The variables of an installation that keeps everything in ``folder`` and knows nothing of this one."""
    kept = {name: value for name, value in os.environ.items() if name in _HANDED_ON}
    return kept | {"VAR_DIR": folder, "ENV_FILE": os.devnull}


def _manage(place: dict[str, str], *command: str) -> str:
    """What a management command of another process prints."""
    done = subprocess.run(  # noqa: S603  (our own program)
        [sys.executable, str(Path(settings.BASE_DIR) / "manage.py"), *command],
        env=place,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode:
        raise FileProblem(f"`manage.py {command[0]}` failed: {done.stderr.strip()[-500:]}")
    return done.stdout
