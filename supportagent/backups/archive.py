"""The file of a back-up: what it is, the database, and the customers' pictures, in one tar archive."""

import json
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from core.clock import database_now
from supportagent.backups import databases

FORMAT = 1
MANIFEST, DATABASE, MEDIA = "manifest.json", "database", "media"
LARGEST_MANIFEST = 1_000_000


class NotPossible(Exception):
    """Why a back-up cannot be made or put back; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a back-up is: of which kind of database, from when, and how far its tables had come."""

    format: int
    version: str
    database: str
    taken_at: str
    migrations: tuple[str, ...]

    @property
    def moment(self) -> datetime:
        """The database's clock before it was dumped: everything committed until then is in it."""
        return datetime.fromisoformat(self.taken_at)


def take(target: Path) -> Manifest:
    """Write a back-up while everything goes on. The file is there when it is whole. Raises NotPossible."""
    manifest = Manifest(
        format=FORMAT,
        version=settings.VERSION,
        database=connection.vendor,
        taken_at=database_now().isoformat(),
        migrations=applied_migrations(),
    )
    partial = target.with_name(f"{target.name}.part")
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".backup-") as folder:
            dump = Path(folder) / DATABASE
            databases.dump(dump)
            with tarfile.open(partial, "w") as archive:
                content = json.dumps(asdict(manifest), indent=1).encode()
                entry = tarfile.TarInfo(MANIFEST)
                entry.size, entry.mode = len(content), 0o600
                archive.addfile(entry, BytesIO(content))
                archive.add(dump, DATABASE)
                # After the database, so that no picture is missing that it knows of.
                if settings.MEDIA_ROOT.exists():
                    archive.add(settings.MEDIA_ROOT, MEDIA)
        partial.replace(target)
    except databases.CannotCopy as problem:
        raise NotPossible(str(problem)) from problem
    except OSError as error:
        raise NotPossible(f"The back-up cannot be written to {target}: {error.strerror or error}.") from error
    finally:
        partial.unlink(missing_ok=True)
    return manifest


@contextmanager
def opened(source: Path) -> Iterator[tuple[Manifest, tarfile.TarFile]]:
    """A back-up to read. Raises NotPossible where the file is none, or of a later version than this."""
    try:
        archive = tarfile.open(source)  # noqa: SIM115  (closed below, whatever is wrong with it)
    except (OSError, tarfile.TarError) as error:
        raise NotPossible(
            f"{source} cannot be read as a back-up: name a file that `manage.py backup` wrote."
        ) from error
    with archive:
        yield _manifest(archive, source), archive


def applied_migrations() -> tuple[str, ...]:
    """How far the tables have come."""
    return tuple(sorted(f"{app}.{name}" for app, name in MigrationRecorder(connection).applied_migrations()))


def unpack_media(archive: tarfile.TarFile) -> int:
    """Put the pictures where they belong, beside those that are there; returns how many."""
    members = [each for each in archive if each.isfile() and each.name.startswith(f"{MEDIA}/")]
    for member in members:
        member.name = member.name.removeprefix(f"{MEDIA}/")
        archive.extract(member, settings.MEDIA_ROOT, filter="data")
    return len(members)


def _manifest(archive: tarfile.TarFile, source: Path) -> Manifest:
    try:
        found = archive.extractfile(MANIFEST)
        told = json.loads(found.read(LARGEST_MANIFEST)) if found is not None else {}
        manifest = Manifest(**(told | {"migrations": tuple(told["migrations"])}))
        _ = manifest.moment
    except (KeyError, TypeError, ValueError, tarfile.TarError) as error:
        raise NotPossible(f"{source} is no back-up: name a file that `manage.py backup` wrote.") from error
    if manifest.format != FORMAT:
        raise NotPossible(
            f"{source} was written by a later version: restore it with that version ({manifest.version})."
        )
    return manifest
