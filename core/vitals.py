"""What this process leaves alone for a while because it failed too often, as told by whoever keeps a breaker."""

from collections.abc import Callable, Iterable

_keepers: dict[str, Callable[[], Iterable[str]]] = {}


def tell(keeper: str, names: Callable[[], Iterable[str]]) -> None:
    """Let ``names`` say what ``keeper`` leaves alone now; the last to tell for a keeper is asked."""
    _keepers[keeper] = names


def left_alone() -> list[str]:
    """The names of everything that is being left alone in this process, in order."""
    return sorted({name for names in _keepers.values() for name in names()})
