"""How much a bench does: so that its figures say something, or only so that every part has run once."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """What the parts are told: ``rounds`` and the ``seconds`` of one hold for all that is compared in turns.

    ``messages`` are written at once and ``alone`` one after another; ``growth`` are written between two looks at the memory;
    ``sockets`` are open beside each other, with ``slow`` more that read nothing; ``kept`` are the events in the inbox;
    ``conversations`` are listed, ``looks`` times a round.
    """

    rounds: int = 3
    seconds: float = 4.0
    messages: int = 300
    alone: int = 20
    growth: int = 500
    sockets: tuple[int, ...] = (100, 500)
    slow: int = 10
    kept: int = 20_000
    conversations: tuple[int, ...] = (10_000, 100_000)
    looks: int = 40


QUICK = Sizes(
    rounds=1, seconds=1.0, messages=8, alone=2, growth=8, sockets=(8, 16), slow=2, kept=200, conversations=(400, 800), looks=5
)  # fmt: skip
