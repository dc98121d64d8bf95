"""The drill at a button: the product is started a second time, in a folder of its own, and killed while customers write.

It runs as a child of this process with its own SQLite, its own simulator and free ports. What is kept of it is one row.
"""

import logging
import os
import re
import shlex
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core import audit, live
from core.models import User
from core.policy import Action, require
from core.text import clean_text
from workspace.models import DrillRun
from workspace.operations import keeper

logger = logging.getLogger(__name__)

KEEPER = Path(keeper.__file__)
MODULE = "drill"
LOOK_SECONDS = 1.0
# A run of which nothing was heard for so long has lost the process that watched it.
SILENT = timedelta(seconds=20)
KEPT_CHARACTERS = 20_000
KEPT_RUNS = 50
LOST = "The process that watched this drill ended before the drill did."
# A line that judges: the word, what was tried, and its figures, such as "held     embedded worker-killed   kills 2, acked 40".
_JUDGED = re.compile(r"^(?:held|BROKEN)\b:?\s+(.*)$", re.MULTILINE)
_FIGURE = re.compile(r"([a-z][a-z ]*?) (\d+(?:\.\d+)?)(?=[ ,;]|$)")
_ENDS = {0: DrillRun.State.HELD, 1: DrillRun.State.BROKEN, keeper.DEADLINE_PASSED: DrillRun.State.STOPPED}


class DrillNotAllowed(Exception):
    """This installation runs no drills from the page."""

    def __init__(self) -> None:
        super().__init__(
            _("Drills are switched off here. Set DRILL_BUTTON=1 to allow them, and not on a busy machine.")
        )


class DrillRuns(Exception):
    """One at a time."""

    def __init__(self) -> None:
        super().__init__(_("A drill is running already. Wait until it has ended."))


def is_possible() -> bool:
    """Whether the button is allowed here and the drill came with this copy."""
    return bool(settings.DRILL_BUTTON) and find_spec(MODULE) is not None


def start(by: User) -> DrillRun:
    """Begin a drill in the background. Raises DrillNotAllowed, DrillRuns and NotAllowed."""
    require(by, Action.VIEW_OPERATIONS)
    if not is_possible():
        raise DrillNotAllowed
    run = _begin(by)
    threading.Thread(target=_watch, args=(run.pk,), name="drill", daemon=True).start()
    return run


def latest(number: int) -> list[DrillRun]:
    """The newest first."""
    return list(DrillRun.objects.select_related("started_by").order_by("-id")[:number])


def goes_on(run: DrillRun) -> bool:
    """Whether it runs and somebody watches it."""
    return run.state == DrillRun.State.RUNNING and run.seen_at >= timezone.now() - SILENT


def _begin(by: User) -> DrillRun:
    with transaction.atomic():
        DrillRun.objects.filter(state=DrillRun.State.RUNNING, seen_at__lt=timezone.now() - SILENT).update(
            state=DrillRun.State.FAILED, ended_at=timezone.now(), report=LOST
        )
    try:
        with transaction.atomic():
            # That only one may run is the table's own rule, so two who press at once cannot both begin.
            run = DrillRun.objects.create(started_by=by)
            audit.record(by, "drill.start", run)
            transaction.on_commit(live.ring_operations, robust=True)
    except IntegrityError as error:
        raise DrillRuns from error
    old = DrillRun.objects.order_by("-id").values_list("pk", flat=True)[KEPT_RUNS:]
    DrillRun.objects.filter(pk__in=list(old)).delete()
    return run


def _watch(pk: int) -> None:
    """Start the drill and follow it to its end; whatever goes wrong, the row says so."""
    try:
        with tempfile.TemporaryDirectory(prefix="drill-button-", ignore_cleanup_errors=True) as folder:
            code, report = _follow(pk, Path(folder))
        _finish(pk, _ENDS.get(code, DrillRun.State.FAILED), report)
    except Exception:
        logger.exception("Drill %d could not be carried out.", pk)
        _finish(pk, DrillRun.State.FAILED, "The drill could not be started. The log says why.")
    finally:
        connection.close()


def _follow(pk: int, folder: Path) -> tuple[int, str]:
    output = folder / "report.txt"
    deadline = str(settings.DRILL_SECONDS_AT_MOST)
    with output.open("wb") as written:
        child = subprocess.Popen(  # noqa: S603  (our own interpreter and modules)
            [sys.executable, str(KEEPER), deadline, sys.executable, *shlex.split(settings.DRILL_COMMAND)],
            cwd=settings.BASE_DIR,
            env=_environment(folder),
            stdin=subprocess.PIPE,
            stdout=written,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    while True:
        try:
            code = child.wait(LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            _note(pk, _read(output))
        else:
            if child.stdin is not None:
                child.stdin.close()
            return code, _read(output)


def _environment(folder: Path) -> Mapping[str, str]:
    """Nothing of ours: no address of our database, no key, no setting, not even our .env file."""
    return {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}",
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "LANG": "C.UTF-8",
        "ENV_FILE": os.devnull,
        "PYTHONUNBUFFERED": "1",
    }


def _read(output: Path) -> str:
    text = clean_text(output.read_text(errors="replace"))
    return text[-KEPT_CHARACTERS:]


def _note(pk: int, report: str) -> None:
    """Say that it goes on, and what it has said so far."""
    running = DrillRun.objects.filter(pk=pk, state=DrillRun.State.RUNNING)
    try:
        grown = running.exclude(report=report).exists()
        running.update(report=report, numbers=figures(report), seen_at=timezone.now())
    except DatabaseError:
        logger.warning("Drill %d could not say that it goes on.", pk)
        return
    if grown:
        live.ring_operations()


def _finish(pk: int, state: DrillRun.State, report: str) -> None:
    with transaction.atomic():
        ended = DrillRun.objects.filter(pk=pk, state=DrillRun.State.RUNNING).update(
            state=state, report=report, numbers=figures(report), ended_at=timezone.now()
        )
        if not ended:
            return
        run = DrillRun.objects.get(pk=pk)
        audit.record(None, "drill.end", run, after={"state": state.value})
    live.ring_operations()


def figures(report: str) -> dict[str, float]:
    """What the report counts, by name, summed over its lines; whatever follows no name is left out."""
    found: dict[str, float] = {}
    for line in _JUDGED.findall(report):
        told = re.split(r"\s{2,}|: ", line, maxsplit=1)[-1]
        for name, number in _FIGURE.findall(told):
            found[name] = found.get(name, 0) + float(number)
    return found
