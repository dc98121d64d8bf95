"""The curve of messages a minute: numbers in, the corners of an SVG line out."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from analytics.scope import MINUTES_SHOWN
from conversations.models import Message

WIDTH = 600
HEIGHT = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Minute:
    """One minute's column: where it stands, how many messages went either way, and where these are listed."""

    left: float
    url: str
    clock: datetime
    inbound: int
    outbound: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Two lines in a box of WIDTH by HEIGHT, as SVG's ``points``; ``top`` is what its upper edge stands for."""

    inbound: str
    outbound: str
    area: str
    top: int
    middle: str
    column: float
    minutes: list[Minute]
    total_in: int
    total_out: int


def draw(counts: dict[tuple[str, datetime], int], *, first: datetime, url: Callable[[str], str]) -> Chart:
    """The chart of the MINUTES_SHOWN minutes from ``first`` on.

    ``counts`` is keyed by direction and minute; ``url`` says where the messages of a minute (in ISO form) are listed.
    """
    starts = [first + timedelta(minutes=number) for number in range(MINUTES_SHOWN)]
    inbound = [counts.get((Message.Direction.INBOUND.value, start), 0) for start in starts]
    outbound = [counts.get((Message.Direction.OUTBOUND.value, start), 0) for start in starts]
    top = round_up(max([*inbound, *outbound]))
    column = WIDTH / MINUTES_SHOWN
    line = _points(inbound, top, column)
    return Chart(
        inbound=line,
        outbound=_points(outbound, top, column),
        area=f"{column / 2:g},{HEIGHT} {line} {WIDTH - column / 2:g},{HEIGHT}",
        top=top,
        middle=f"{top / 2:g}",
        column=column,
        minutes=[
            Minute(
                left=number * column,
                url=url(start.isoformat()),
                clock=start,
                inbound=inbound[number],
                outbound=outbound[number],
            )
            for number, start in enumerate(starts)
        ],
        total_in=sum(inbound),
        total_out=sum(outbound),
    )


def round_up(number: int) -> int:
    """The scale's end: the next of 2, 4, 10, 20, 40, 100, …, so that the middle is a whole number too."""
    if number <= 2:
        return 2
    power: int = 10 ** math.floor(math.log10(number))
    return next(step * power for step in (1, 2, 4, 10) if step * power >= number)


def _points(values: Sequence[int], top: int, column: float) -> str:
    return " ".join(
        f"{(number + 0.5) * column:g},{round(HEIGHT - value * HEIGHT / top, 1):g}"
        for number, value in enumerate(values)
    )
