"""Questions alike in groups: each joins the group whose middle is nearest, or begins a new one."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from agent.engine.heads import FloatArray

ALIKE = 0.6
"""The least cosine of a question with a group's middle."""


class Groups:
    """Groups by their middles. Questions are placed one after another; the order decides, nothing else does."""

    def __init__(self, middles: Sequence[bytes], counts: Sequence[int], *, width: int) -> None:
        """``middles`` are vectors of ``width`` 16-bit floats, ``counts`` of how many questions each is the middle."""
        known = [np.frombuffer(middle, dtype=np.float16).astype(np.float32) for middle in middles]
        self._middles: NDArray[np.float32] = np.array(known, dtype=np.float32).reshape(len(known), width)
        self._counts = list(counts)

    def place(self, vector: FloatArray) -> int:
        """The number of the group that the question joins; the next number for a new one."""
        likeness = self._middles @ vector
        nearest = int(likeness.argmax()) if len(likeness) else -1
        if nearest < 0 or likeness[nearest] < ALIKE:
            self._middles = np.vstack([self._middles, vector[None]])
            self._counts.append(1)
            return len(self._counts) - 1
        moved = self._middles[nearest] * self._counts[nearest] + vector
        self._middles[nearest] = moved / max(float(np.linalg.norm(moved)), 1e-6)
        self._counts[nearest] += 1
        return nearest

    def middle(self, number: int) -> bytes:
        """A group's middle as it is kept."""
        return bytes(self._middles[number].astype(np.float16).tobytes())
