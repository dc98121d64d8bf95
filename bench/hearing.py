"""What open pages made of what changed: after how long each heard of it."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from bench.crowd import Told
from bench.figures import percentile


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something that began to change at ``at``: a conversation, or what a page shows of one, by its name."""

    name: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """A page heard at ``at`` that there is a ``number``-th state of something."""

    page: int
    at: float
    name: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """For each change the seconds after which the pages that were to hear of it did; ``due`` is how many were to in all."""

    waits: Sequence[Sequence[float]]
    due: int

    @property
    def each(self) -> list[float]:
        """Of all changes and pages."""
        return [wait for waits in self.waits for wait in waits]

    @property
    def last(self) -> list[float]:
        """Of each change until nobody else heard of it."""
        return [max(waits) for waits in self.waits if waits]

    @property
    def missing(self) -> int:
        """How often a page that was to hear of a change has not."""
        return self.due - len(self.each)

    def high(self, share: float) -> float:
        """The milliseconds that ``share`` of them all do not exceed."""
        return 1000 * percentile(self.each, share)


def news(told: Iterable[Told], own: Mapping[int, str]) -> list[News]:
    """What pages were told of conversations, or by their own names of what was written in the one they show."""
    return [
        News(page=each.page, at=each.at, name=name or own.get(each.page, ""), number=number)
        for each in told
        for name, number in _said(each.text)
    ]


def heard(changes: Sequence[Change], told: Sequence[News], *, due: int) -> Hearing:
    """After how long which page heard of which change: the first time that it was told of a state that nobody knew before.

    ``due`` pages have to hear of each. Changes of one thing must lie so far apart that all have heard of one before the next.
    """
    of: dict[str, list[News]] = defaultdict(list)
    for each in told:
        of[each.name].append(each)
    waits = []
    for change in changes:
        known = max((each.number for each in of[change.name] if each.at < change.at), default=0)
        first: dict[int, float] = {}
        for each in of[change.name]:
            if each.at >= change.at and each.number > known:
                first.setdefault(each.page, each.at - change.at)
        waits.append(list(first.values()))
    return Hearing(waits=waits, due=due * len(changes))


@lru_cache(maxsize=4096)
def _said(text: bytes) -> tuple[tuple[str, int], ...]:
    """Names and numbers in a frame; a visitor's page is told no name. The same frame goes to hundreds of pages."""
    frame = json.loads(text)
    if frame.get("type") == "changed":
        return tuple((str(each["id"]), int(each["version"])) for each in frame.get("conversations", ()))
    if frame.get("type") == "message":
        return (("", int(frame["message"]["seq"])),)
    return ()
