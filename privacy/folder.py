"""The folder of exported files: nobody but the product reads it, and nothing in it is older than it may be."""

from pathlib import Path

from django.conf import settings

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
    ready = Export.objects.filter(state=Export.State.READY)
    written = Export.objects.filter(state=Export.State.APPROVED, size__gt=0)
    # Between the file's last step and the row's, the whole file is there before the row says so.
    live = {path_of(each) for each in (*ready, *written)} | {partial_path_of(each) for each in written}
    dead = [path for path in _folder().iterdir() if path not in live]
    for path in dead:
        path.unlink(missing_ok=True)
    return len(dead)


def _folder() -> Path:
    folder = Path(settings.EXPORTS_ROOT)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
