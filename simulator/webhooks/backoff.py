"""How long the platform waits before it knocks again."""

import random

# Seconds before the second, third … attempt; the last one repeats.
WAITS = (1, 2, 5, 15, 60, 120, 300, 600, 1_800, 3_600, 7_200, 14_400)
JITTER = 0.2


def wait_after(attempts: int, *, factor: float) -> float:
    """Seconds to wait after this many failed attempts, spread by a fifth either way."""
    base = WAITS[min(attempts, len(WAITS)) - 1] * factor
    return base * (1 + random.uniform(-JITTER, JITTER))
