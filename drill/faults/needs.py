"""What some faults need and not every machine has: found out before they are tried, and told as a reason."""

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

LIBRARY = "libfaketime.so.1"


def faketime() -> Path | None:
    """The library that tells one process another time, where it is installed."""
    return next(
        (file for folder in ("lib", "lib64") for file in Path("/usr", folder).glob(f"**/faketime/{LIBRARY}")), None
    )


def _no_faketime() -> str:
    return "" if faketime() else "libfaketime is not installed (on Debian and Ubuntu: apt install faketime)"


def _no_mount() -> str:
    if os.geteuid() != 0:
        return "only root may mount a small volume"
    return "" if shutil.which("mount") else "there is no mount here"


NEEDS: Mapping[str, Callable[[], str]] = {"faketime": _no_faketime, "mount": _no_mount}


def why_not(needs: str, *, is_full: bool) -> str:
    """Why a fault with these needs is not tried: empty where it can be."""
    if not needs:
        return ""
    return NEEDS[needs]() if is_full else f"it needs {needs}: make drill-full"
