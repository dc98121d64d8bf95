"""How long to wait before another try."""

import random


def with_jitter(seconds: float, *, share: float = 0.2) -> float:
    """``seconds``, more or less by up to ``share``, so that many waiters do not come back at once."""
    return seconds * (1 + random.uniform(-share, share))
