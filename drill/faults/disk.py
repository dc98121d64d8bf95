"""Full disks: what cannot be kept is not acknowledged, and when there is room again everything goes on by itself."""

import os
import resource
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from drill import wire
from drill.faults.acks import TAKEN, acks, judge_acks
from drill.faults.base import (
    BOTH,
    EMBEDDED,
    NO_POSTGRES,
    NO_SQLITE,
    SERVICES,
    SHOWN_SECONDS,
    Fault,
    Stage,
)
from drill.rig import DrillFailed

MEGABYTE = 1_000_000
FULL_SECONDS = 8.0
ROOM_MEGABYTES = 40
FULL = Path("/dev/full")
SLOWEST_ACK = 5.0
# A report of the content policy: the door logs it, whatever else it has to do.
LOGGED = {"csp-report": {"effective-directive": "img-src", "document-uri": "http://drill.example/"}}


def postgres_volume_full(stage: Stage) -> None:
    """PostgreSQL's data lie on a small volume, which is filled and emptied again."""
    servers = stage.own_servers
    folder = servers.folder / "servers" / "postgres"
    with servers.stopped_postgres():
        small = _mounted(folder)
    try:
        for _ in _at_least_once(stage):
            with _filled(folder):
                _watch_door(stage)
            # PostgreSQL ends itself where it cannot write its log; whoever watches over it starts it again.
            servers.start_postgres()
    finally:
        with servers.stopped_postgres():
            _unmounted(folder, small)
    damage = servers.damage_of_postgres(stage.rig.database.url)
    stage.figures["integrity ok"] = int(not damage)
    if damage:
        stage.object_to(f"The database is damaged: {damage}")


def sqlite_volume_full(stage: Stage) -> None:
    """The same for SQLite's file."""
    folder = stage.rig.folder / "var"
    stage.rig.kill("up")
    small = _mounted(folder)
    try:
        stage.rig.start_all()
        for _ in _at_least_once(stage):
            with _filled(folder):
                _watch_door(stage)
    finally:
        stage.rig.kill("up")
        _unmounted(folder, small)
        stage.rig.start_all()
    _look_whole(stage)


def sqlite_cannot_grow(stage: Stage) -> None:
    """No file of the product may grow any more: what a full disk does to a process, without a disk of one's own."""
    log = (stage.rig.folder / "var" / "db.sqlite3-wal", stage.rig.folder / "var" / "db.sqlite3")
    for _ in _at_least_once(stage):
        pid = stage.rig.running["up"].pid
        unlimited = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        largest = min(file.stat().st_size for file in log if file.exists())
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (max(1, largest // 2), unlimited[1]))
        try:
            _watch_door(stage)
        finally:
            # Where it ended by itself there is nobody to give room to.
            with suppress(ProcessLookupError):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, unlimited)
    _look_whole(stage)


def log_volume_full(stage: Stage) -> None:
    """Every process writes its log to a device that is always full; customers notice nothing."""
    logs = {process.name: stage.rig.folder / f"{process.name}.log" for process in stage.rig.processes}
    for name, log in logs.items():
        stage.rig.kill(name)
        log.rename(log.with_suffix(".kept"))
        log.symlink_to(FULL)
    try:
        stage.rig.start_all()
        began = time.time()
        while stage.goes_on():
            stage.injected += 1
            wire.post(f"{stage.rig.url}/csp", json=LOGGED, timeout=10)
            stage.pause(0.5)
        ended = time.time()
        stage.figures["log lines dropped"] = _dropped(stage)
    finally:
        for name, log in logs.items():
            stage.rig.kill(name)
            log.unlink()
            log.with_suffix(".kept").rename(log)
        stage.rig.start_all()
    stage.at_rest(lambda: judge_acks(stage, [(began, ended)], within=SLOWEST_ACK, trouble="nothing could be logged"))
    if not stage.figures["log lines dropped"]:
        stage.object_to("Lines were lost, and no figure says so.")


def _at_least_once(stage: Stage) -> Iterator[None]:
    """The strikes there is time for, and one where preparing took all of it."""
    while not stage.injected or stage.goes_on():
        stage.pause(1.0, 3.0)
        stage.injected += 1
        yield


def _dropped(stage: Stage) -> float:
    """What the door's process counts."""
    told = stage.metrics()
    return sum(value for name, value in told.items() if name.startswith("log_lines_dropped_total"))


def _watch_door(stage: Stage) -> None:
    """While the disk is full nothing may be acknowledged that is not kept; the checker sees to that afterwards.

    It stays full until an event was refused. A page need not be: what is changed within the files needs no room.
    """
    began, refused = time.time(), 0
    for _ in range(int(FULL_SECONDS / 0.5)):
        status, _took = stage.knock(at="/health/ready")
        refused += status != TAKEN
        stage.pause(0.5)
    latest = time.monotonic() + SHOWN_SECONDS
    while not (events := _events_refused(stage, began)) and time.monotonic() < latest:
        stage.pause(0.5)
    for name, number in (("looks refused", refused), ("events refused", events)):
        stage.figures[name] = stage.figures.get(name, 0) + number
    if not events:
        stage.object_to("No event was refused while there was no room, so nothing was shown.")


def _events_refused(stage: Stage, since: float) -> int:
    """How many events that came since then were not taken."""
    return sum(ack.status != TAKEN for ack in acks(stage.rig, since) if ack.began >= since)


def _look_whole(stage: Stage) -> None:
    with closing(sqlite3.connect(stage.rig.folder / "var" / "db.sqlite3", timeout=30)) as connection:
        found = [row[0] for row in connection.execute("PRAGMA integrity_check")]
    stage.figures["integrity ok"] = int(found == ["ok"])
    if found != ["ok"]:
        stage.object_to(f"The database is damaged: {found[0]}")


def _mounted(folder: Path) -> Path:
    """Put a folder onto a volume with a little room beside what lies in it; answers where it lay."""
    kept = folder.with_name(f"{folder.name}.kept")
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    folder.rename(kept)
    folder.mkdir()
    megabytes = size // MEGABYTE + ROOM_MEGABYTES
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "drill", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        folder.rmdir()
        kept.rename(folder)
        raise DrillFailed(f"A small volume could not be mounted: {done.stderr.strip()}")
    shutil.copystat(kept, folder)
    owner = kept.stat()
    os.chown(folder, owner.st_uid, owner.st_gid)
    subprocess.run(["cp", "-a", f"{kept}/.", str(folder)], check=True)
    return kept


def _unmounted(folder: Path, kept: Path) -> None:
    """Put it back onto its own disk, as it is now."""
    shutil.rmtree(kept)
    subprocess.run(["cp", "-a", str(folder), str(kept)], check=True)
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
    folder.rmdir()
    kept.rename(folder)


@contextmanager
def _filled(folder: Path) -> Iterator[None]:
    """No room is left on the folder's volume while the block runs."""
    filler = folder / "filler"
    try:
        with filler.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(4096))
        yield
    finally:
        filler.unlink(missing_ok=True)


FAULTS = (
    Fault(
        number="F21",
        name="PostgreSQL's disk full",
        strike=postgres_volume_full,
        shapes=SERVICES,
        only=NO_POSTGRES,
        needs="mount",
    ),
    Fault(
        number="F22",
        name="SQLite's disk full",
        strike=sqlite_volume_full,
        shapes=EMBEDDED,
        only=NO_SQLITE,
        needs="mount",
    ),
    Fault(number="F22a", name="SQLite's file cannot grow", strike=sqlite_cannot_grow, shapes=EMBEDDED, only=NO_SQLITE),
    Fault(number="F23", name="the log's disk full", strike=log_volume_full, shapes=BOTH),
)
