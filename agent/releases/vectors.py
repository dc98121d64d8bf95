"""The vectors that are kept, so that no text is encoded twice. Loads numpy, so workers import it only."""

from agent.models import TextVector
from agent.releases import shipped

_KEPT_AT_ONCE = 500


class VectorCache(shipped.KnownVectors):
    """The vectors and stems already worked out, read at once and written back by ``save``, and by themselves where many are new."""

    def __init__(self) -> None:
        """Read what the product comes with and what it has worked out itself."""
        super().__init__()
        own = TextVector.objects.values_list("key", "vector")
        self._known |= {key: bytes(vector) for key, vector in own}

    def __setitem__(self, key: str, value: bytes) -> None:
        """Keep one; with it all that are new, once there are many, so that a process that is ended has not worked in vain."""
        super().__setitem__(key, value)
        if len(self._fresh) >= _KEPT_AT_ONCE:
            self.save()

    def save(self) -> int:
        """Store what is new; returns how many. Another process may have stored the same: that changes nothing."""
        rows = [TextVector(key=key, vector=vector) for key, vector in self._fresh.items()]
        TextVector.objects.bulk_create(rows, batch_size=_KEPT_AT_ONCE, ignore_conflicts=True)
        self._fresh.clear()
        return len(rows)
