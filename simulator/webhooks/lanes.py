"""What is due when: webhooks of one lane wait for one another, lanes do not."""

import heapq
import itertools
from collections import deque
from dataclasses import dataclass, field


@dataclass(slots=True)
class _Lane:
    items: deque[tuple[int, float]] = field(default_factory=deque)
    due_at: float = 0.0
    busy: bool = False


class Lanes:
    """The order of delivery. Not safe for threads by itself: the sender holds its lock."""

    def __init__(self) -> None:
        self._lanes: dict[str, _Lane] = {}
        self._due: list[tuple[float, int, str]] = []
        self._tie = itertools.count()

    def add(self, webhook_id: int, *, lane: str, due_at: float) -> None:
        """A webhook joins the end of its lane."""
        entry = self._lanes.setdefault(lane, _Lane())
        entry.items.append((webhook_id, due_at))
        if len(entry.items) == 1 and not entry.busy:
            self._schedule(lane, entry, due_at)

    def next_due(self) -> float | None:
        """When the next webhook is due (Unix seconds), or None."""
        while self._due:
            due_at, _, name = self._due[0]
            lane = self._lanes.get(name)
            if lane is not None and not lane.busy and lane.items and lane.due_at == due_at:
                return due_at
            heapq.heappop(self._due)
        return None

    def take(self) -> tuple[int, str]:
        """The next webhook and its lane, which is busy until ``done`` or ``again``. Only after ``next_due``."""
        _, _, name = heapq.heappop(self._due)
        lane = self._lanes[name]
        lane.busy = True
        return lane.items[0][0], name

    def done(self, name: str) -> None:
        """The lane's head is delivered or given up; the next one may go."""
        lane = self._lanes[name]
        lane.busy = False
        lane.items.popleft()
        if lane.items:
            self._schedule(name, lane, lane.items[0][1])
        else:
            del self._lanes[name]

    def again(self, name: str, *, due_at: float) -> None:
        """The lane's head is tried again then."""
        lane = self._lanes[name]
        lane.busy = False
        self._schedule(name, lane, due_at)

    def hurry(self, now: float) -> None:
        """Make every waiting lane due now."""
        for name, lane in self._lanes.items():
            if not lane.busy and lane.items:
                self._schedule(name, lane, now)

    def _schedule(self, name: str, lane: _Lane, due_at: float) -> None:
        lane.due_at = due_at
        heapq.heappush(self._due, (due_at, next(self._tie), name))
