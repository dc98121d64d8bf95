"""The way back: the record is put back, and what it may have missed is found out before anything is said."""

import json
import logging
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from tarfile import TarFile

from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader

from integrations import services as integrations
from privacy import services as privacy
from supportagent.backups import databases
from supportagent.backups.archive import DATABASE, Manifest, NotPossible, opened, unpack_media
from supportagent.embedded.starting import CannotStart, hold

logger = logging.getLogger(__name__)

LONGEST_WAIT_SECONDS = 120.0
LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What was put back, and what follows from it."""

    taken_at: str
    pictures: int
    accounts_to_compare: int
    erased_again: int


def restore(source: Path, *, force: bool, erased: Path | None) -> Restored:
    """Put a back-up back. Raises NotPossible; the database is then as it was.

    Whoever is known to have been erased since is erased again: by the record that is replaced, and by ``erased``, a
    list that `manage.py person log` printed.
    """
    with opened(source) as (manifest, archive), _alone():
        _judge(manifest, force=force)
        again = [*_known_to_be_erased(), *(_listed(erased) if erased is not None else [])]
        _load(manifest, archive)
        pictures = unpack_media(archive)
        call_command("setup", verbosity=0)
        accounts = integrations.begin_after_restore(manifest.moment)
        return Restored(
            taken_at=manifest.taken_at,
            pictures=pictures,
            accounts_to_compare=accounts,
            erased_again=_erase_again(again),
        )


@contextmanager
def _alone() -> Iterator[None]:
    try:
        with hold(settings.VAR_DIR) if connection.vendor == "sqlite" else nullcontext():
            if others := databases.others_connected():
                raise NotPossible(f"{others} connections to the database are open: stop the product, then restore.")
            yield
    except CannotStart as problem:
        raise NotPossible(str(problem)) from problem


def _judge(manifest: Manifest, *, force: bool) -> None:
    if manifest.database != connection.vendor:
        raise NotPossible(
            f"The back-up is of a {manifest.database} database, and this one is {connection.vendor}: restore it to one of its kind."
        )
    known = {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}
    if unknown := sorted(set(manifest.migrations) - known):
        raise NotPossible(
            f"The back-up was made by a later version ({manifest.version}, with {unknown[0]}): restore it with that one."
        )
    if not force and not databases.is_empty():
        raise NotPossible("There is a record here already: say --force to replace it by the back-up.")


def _load(manifest: Manifest, archive: TarFile) -> None:
    # On the disk of the data: where programs have their passing files may be memory, in a container above all.
    settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="restore-", dir=settings.VAR_DIR) as folder:
        try:
            archive.extract(DATABASE, folder, filter="data")
            databases.load(Path(folder) / DATABASE, since=manifest.taken_at)
        except KeyError as error:
            raise NotPossible("The back-up has no database in it: take another.") from error
        except databases.CannotCopy as problem:
            raise NotPossible(str(problem)) from problem


def _known_to_be_erased() -> list[tuple[int, str]]:
    try:
        return privacy.to_erase_again()
    except DatabaseError as error:
        # Nothing is there yet, or what is there is what has to be replaced.
        logger.warning("Nobody knows here who was erased: %s", str(error).partition("\n")[0])
        connection.close()
        return []


def _listed(file: Path) -> list[tuple[int, str]]:
    try:
        entries = [json.loads(line) for line in file.read_text().splitlines() if line.strip()]
        return [(int(entry["account"]), str(entry["subject"])) for entry in entries]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NotPossible(f"{file} is not what `manage.py person log` prints: name that file.") from error


def _erase_again(subjects: list[tuple[int, str]]) -> int:
    erased = 0
    for account_id, subject_hash in dict.fromkeys(subjects):
        erasure = privacy.erase_again(account_id, subject_hash)
        if erasure is None:
            continue
        ends = time.monotonic() + LONGEST_WAIT_SECONDS
        while not privacy.work_erasure(erasure.pk) and time.monotonic() < ends:
            time.sleep(LOOK_SECONDS)
        erased += 1
    return erased
