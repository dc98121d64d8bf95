"""SQLite, with everybody at once at its one file, and killed in the midst of commits."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from math import inf
from pathlib import Path

from drill.faults.base import EMBEDDED, NO_SQLITE, Fault, Stage
from drill.rig import DrillFailed

WRITERS = 8
FULL_SECONDS = 60.0
KILLS_IN_FULL = 500
BUSY = "locked"


@dataclass(slots=True)
class Writers:
    """Threads that let the product write, each as fast as it is answered: what they saw."""

    stage: Stage
    took: list[float] = field(default_factory=list)
    refused: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Write while the block runs."""
        threads = [threading.Thread(target=self._write, name=f"writer-{n}", daemon=True) for n in range(WRITERS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()

    def _write(self) -> None:
        while not self._stop.is_set():
            # Asking whether the product is ready commits a row.
            status, took = self.stage.knock(at="/health/ready")
            if status == 200:
                self.took.append(took)
            elif status:
                self.refused += 1


def crowded(stage: Stage) -> None:
    """Eight writers, a reader that does not end, and back-ups one after another."""
    rig, writers = stage.rig, Writers(stage)
    with writers.at_work(), closing(sqlite3.connect(_file(stage), isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM conversations_message").fetchone()
        while stage.goes_on():
            kept = rig.folder / f"backup-{stage.injected}.tar"
            rig.manage("backup", str(kept))
            kept.unlink()
            stage.injected += 1
        reader.execute("SELECT count(*) FROM conversations_message").fetchone()
        reader.execute("ROLLBACK")
    log = (rig.folder / "up.log").read_text(errors="replace")
    late = log.count(f"OperationalError('database is {BUSY}')")
    answers = sum(row["status"] >= 500 for row in rig.log("webhook"))
    stage.figures |= {"writes": len(writers.took), "refused": writers.refused + answers, "bells tried again": late}
    if writers.took:
        ordered = sorted(writers.took)
        stage.figures["write p99, s"] = round(ordered[int(len(ordered) * 0.99)], 3)
    else:
        stage.object_to("Nothing was written while everybody was at the file.")
    if writers.refused or answers:
        stage.object_to(f"{writers.refused + answers} times somebody was told that the file was locked.")
    _look_whole(stage)


def killed_in_mid_commit(stage: Stage) -> None:
    """SIGKILL while eight writers commit as fast as they can, again and again; the file is read whole each time."""
    is_full = stage.ends_at - time.monotonic() > FULL_SECONDS - 1
    writers = Writers(stage)
    with writers.at_work():
        while stage.goes_on() or (is_full and stage.injected < KILLS_IN_FULL):
            stage.pause(0.05, 0.4)
            stage.rig.kill("up")
            stage.injected += 1
            _look_whole(stage)
            stage.rig.start_all()
    stage.figures["kills"] = stage.injected
    stage.figures["commits between them"] = len(writers.took)


def _look_whole(stage: Stage) -> None:
    """The whole file must be readable. The look-up sees what the log beside it holds as well."""
    with closing(sqlite3.connect(_file(stage), timeout=10)) as connection:
        found = [row[0] for row in connection.execute("PRAGMA integrity_check")]
    stage.figures["files read whole"] = stage.figures.get("files read whole", 0) + (found == ["ok"])
    if found != ["ok"]:
        stage.object_to(f"The database is damaged: {found[0]}")


def _file(stage: Stage) -> Path:
    file = stage.rig.folder / "var" / "db.sqlite3"
    if not file.exists():
        raise DrillFailed("This fault needs a product on SQLite.")
    return file


FAULTS = (
    Fault(number="F24", name="everybody at SQLite's file", strike=crowded, shapes=EMBEDDED, only=NO_SQLITE),
    Fault(
        number="F25",
        name="SQLite killed in mid commit",
        strike=killed_in_mid_commit,
        shapes=EMBEDDED,
        only=NO_SQLITE,
        # In full it is killed for twenty minutes, and no life of it is long enough to answer anybody.
        most_rate=1.0,
        most_undecided=inf,
    ),
)
