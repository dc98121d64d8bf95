"""What the simulated platform was sent, looked at often: each look asks for what came since the last, by one connection.

Reading the whole log each time, by a connection of its own, took 5 to 10 % of two processors away from what was measured.
"""

import httpx2

from drill.rig import wait_for

MOST_ROWS = 5000


class Replies:
    """Counts them. ``client`` is one of the simulator's."""

    def __init__(self, client: httpx2.Client) -> None:
        self._client = client
        self._last = 0
        self._count = 0

    @property
    def count(self) -> int:
        """How many there have been."""
        while True:
            answer = self._client.get(f"/_sim/log?after={self._last}&kind=accepted&limit={MOST_ROWS}")
            answer.raise_for_status()
            rows = answer.json()["rows"]
            if not rows:
                return self._count
            self._count += len(rows)
            self._last = rows[-1]["id"]

    def wait(self, count: int, *, seconds: float) -> None:
        """Until there have been so many. Raises DrillFailed."""
        wait_for(lambda: self.count >= count, seconds=seconds, what=f"{count} replies")
