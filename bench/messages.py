"""From a signed webhook to the reply that the platform accepted: how many a second, what one costs, how long one takes."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import httpx2

from bench.figures import Figure, Figures, median, percentile, without
from bench.replies import Replies
from bench.sizes import Sizes
from drill import wire
from drill.rig import Rig
from drill.vitals import processor_seconds

LINES = (
    "How long does delivery to France take?",
    "What does shipping cost?",
    "Can I return a jacket that does not fit?",
    "Wie lange dauert die Lieferung?",
)
# No two customers write the same words, and the engine remembers those that it has just read.
FIRST_NAMES = "Ada Bruno Clara Dirk Elena Finn Greta Hugo Ines Jonas Klara Luca Mia Nils Olga Pia"
LAST_NAMES = "Adler Berg Costa Dunn Ebert Ferro Grant Holm Ivers Jansen Keller Lund Moreau Neri Otto Pohl"
# DECISIONS' limits, in messages a second on two processors, the simulator's own time apart.
MUST_AND_AIM = {"embedded": (25.0, 60.0), "services": (60.0, 100.0)}
# How long an answer waits for more words of the customer's.
QUIET_SECONDS = 1.2
MOST_SECONDS = 600.0
# The round of those who write while nobody else does.
ALONE = 25
SIMULATOR = "simulator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """So many messages answered, in ``took`` seconds by the clock.

    ``used`` are the seconds of the processors that each process of the product took for it; ``simulator`` and ``bench`` are
    those of what is nobody's in production.
    """

    messages: int
    took: float
    used: dict[str, float]
    simulator: float
    bench: float

    @property
    def by_the_clock(self) -> float:
        """Answers a second."""
        return self.messages / self.took

    @property
    def rate(self) -> float:
        """Answers a second, had the product had the processors for itself."""
        return self.messages / without(self.took, self.simulator + self.bench)

    def cost(self, *names: str) -> float:
        """Milliseconds of the processors that one message took in these processes of the product, or in all."""
        return 1000 * sum(self.used[name] for name in names or self.used) / self.messages


def measure(rig: Rig, figures: Figures, sizes: Sizes) -> None:
    """Let many customers write at once, in rounds; then some one after another."""
    with wire.Client(base_url=rig.sim_url, timeout=60) as client:
        replies = Replies(client)
        say(client, "somebody", LINES[0])
        replies.wait(1, seconds=MOST_SECONDS)
        bursts = [burst(rig, client, replies, messages=sizes.messages, number=number) for number in range(sizes.rounds)]
        _tell(rig, figures, bursts)
        waits = [_alone(rig, client, replies, number) for number in range(sizes.alone)]
    for share, must, aim in ((0.5, 60.0, 40.0), (0.95, 120.0, 90.0)) if waits else ():
        figures.tell(
            Figure(
                name=f"{rig.shape}: from webhook to reply when idle, beyond the quiet period, p{share * 100:.0f}",
                value=1000 * (percentile(waits, share) - QUIET_SECONDS), unit="ms", must=must, aim=aim, less_is_better=True,
            )
        )  # fmt: skip


def burst(rig: Rig, client: httpx2.Client, replies: Replies, *, messages: int, number: int) -> Burst:
    """Let so many customers write, each for the first time; the platform holds all webhooks until all is written."""
    before = replies.count
    client.post("/_sim/pause", json={}).raise_for_status()
    for index in range(messages):
        say(client, f"round-{number}-{index}", _words(number, index))
    used, ours = _used(rig), time.process_time()
    begun = time.monotonic()
    client.post("/_sim/resume", json={}).raise_for_status()
    replies.wait(before + messages, seconds=MOST_SECONDS)
    took = time.monotonic() - begun
    spent = {name: after - used[name] for name, after in _used(rig).items()}
    return Burst(
        messages=messages,
        took=took,
        simulator=spent.pop(SIMULATOR),
        bench=time.process_time() - ours,
        used=spent,
    )


def say(client: httpx2.Client, user: str, text: str) -> str:
    """A customer writes; answers the platform's name of the conversation."""
    said = client.post("/_sim/say", json={"user": user, "text": text})
    said.raise_for_status()
    return str(said.json()["conversation_id"])


def _tell(rig: Rig, figures: Figures, bursts: Sequence[Burst]) -> None:
    must, aim = MUST_AND_AIM[rig.shape]
    figures.tell(
        Figure(
            name=f"{rig.shape}: messages answered a second, everybody at once",
            value=median([each.rate for each in bursts]), unit="/s", must=must, aim=aim,
            detail=f"medians of {len(bursts)} rounds of {bursts[0].messages}; by the clock, simulator and bench beside it, "
            f"{median([each.by_the_clock for each in bursts]):.1f}",
        )
    )  # fmt: skip
    costs = {"processor time of one message": median([each.cost() for each in bursts])}
    for part in bursts[0].used if len(bursts[0].used) > 1 else ():
        costs[f"of that, {part}"] = median([each.cost(part) for each in bursts])
    costs["beside it, the simulator"] = median([1000 * each.simulator / each.messages for each in bursts])
    costs["beside it, the bench itself"] = median([1000 * each.bench / each.messages for each in bursts])
    for name, cost in costs.items():
        figures.tell(Figure(name=f"{rig.shape}: {name}", value=cost, unit="ms"))


def _alone(rig: Rig, client: httpx2.Client, replies: Replies, number: int) -> float:
    """Seconds until somebody who writes while nobody else does has the answer, by the platform's own clock."""
    before = replies.count
    thread = say(client, f"alone-{number}", _words(ALONE, number))
    replies.wait(before + 1, seconds=MOST_SECONDS)
    rows = [row for kind in ("webhook", "accepted") for row in rig.log(kind) if row["conversation_id"] == thread]
    return float(rows[-1]["at"]) - float(rows[0]["at"])


def _words(number: int, index: int) -> str:
    """What a customer writes, signed with a name of their own."""
    firsts, lasts = FIRST_NAMES.split(), LAST_NAMES.split()
    first, last = firsts[index % len(firsts)], lasts[index // len(firsts) % len(lasts)]
    return f"{LINES[index % len(LINES)]} {first} {last} {'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[number % 26]}."


def _used(rig: Rig) -> dict[str, float]:
    return {name: processor_seconds(process.pid) for name, process in rig.running.items()}
