"""How this process holds memory. Said to the GNU C library; elsewhere nothing is said and nothing is lost."""

import ctypes
import sys

FEW_ARENAS = 2
LARGE_BYTES = 1024 * 1024

# Numbers of <malloc.h>.
_ARENA_MAX = -8
_MMAP_THRESHOLD = -3


def be_sparing() -> None:
    """Share few pools between the threads, and give what is large back as soon as it is free.

    Left alone, each of some thirty threads gets a pool that never shrinks. To be called before threads begin.
    """
    library = _library()
    if library is not None:
        library.mallopt(_ARENA_MAX, FEW_ARENAS)
        library.mallopt(_MMAP_THRESHOLD, LARGE_BYTES)


def give_back() -> None:
    """Give back what is free now, as after loading something large."""
    library = _library()
    if library is not None:
        library.malloc_trim(0)


def _library() -> ctypes.CDLL | None:
    if not sys.platform.startswith("linux"):
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "malloc_trim") and hasattr(library, "mallopt") else None
