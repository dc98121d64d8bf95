"""The folder of exported files: nobody but the product reads it, and nothing in it is older than it may be."""

from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db.models import QuerySet

from privacy.models import Export

PARTIAL = ".part"


def path_of(export: Export) -> Path:
    """Where the whole file of an export lies."""
    return _folder() / export.file_name


def partial_path_of(export: Export) -> Path:
    """Where the file of an export is being written; nobody is given this one."""
    return _folder() / f"{export.file_name}{PARTIAL}"


def remove_all_but_live() -> int:
    """Remove every file that no export names any more, also what a killed process left; returns how many."""
    dead = _dead(Export.objects.filter(state=Export.State.READY))
    for path in dead:
        path.unlink(missing_ok=True)
    return len(dead)


def count_dead(now: datetime) -> int:
    """How many files no export names any more, once those whose day is over are over. Changes nothing."""
    return len(_dead(Export.objects.filter(state=Export.State.READY).exclude(expires_at__lte=now)))


def _dead(ready: "QuerySet[Export]") -> list[Path]:
    written = Export.objects.filter(state=Export.State.APPROVED, size__gt=0)
    # Between the file's last step and the row's, the whole file is there before the row says so.
    live = {path_of(each) for each in (*ready, *written)} | {partial_path_of(each) for each in written}
    return [path for path in _folder().iterdir() if path not in live]


def _folder() -> Path:
    folder = Path(settings.EXPORTS_ROOT)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
