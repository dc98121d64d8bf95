"""From a signed webhook to the reply that the platform accepted: how many a second, what one costs, how long one takes."""

import time

import httpx2

from bench.figures import Figure, Figures, median, percentile
from drill import wire
from drill.rig import Rig, wait_for
from drill.vitals import memory, processor_seconds

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


def measure(rig: Rig, figures: Figures, *, messages: int, rounds: int, alone: int) -> None:
    """Let ``messages`` customers write at once, ``rounds`` times; then ``alone`` one after another."""
    with wire.Client(base_url=rig.sim_url, timeout=60) as client:
        _say(client, "somebody", LINES[0])
        _await_replies(rig, 1)
        rates: list[float] = []
        costs: list[dict[str, float]] = []
        for number in range(rounds):
            rate, cost = _burst(rig, client, messages=messages, number=number)
            rates.append(rate)
            costs.append(cost)
        must, aim = MUST_AND_AIM[rig.shape]
        figures.tell(
            Figure(
                name=f"{rig.shape}: messages answered a second, everybody at once",
                value=median(rates), unit="/s", must=must, aim=aim,
                detail=f"medians of {rounds} rounds of {messages}",
            )
        )  # fmt: skip
        whole = median([sum(cost.values()) for cost in costs])
        figures.tell(Figure(name=f"{rig.shape}: processor time of one message", value=1000 * whole, unit="ms"))
        for part in costs[0] if len(costs[0]) > 1 else ():
            spent = median([cost[part] for cost in costs])
            figures.tell(Figure(name=f"{rig.shape}: of that, {part}", value=1000 * spent, unit="ms"))
        waits = [_alone(rig, client, number) for number in range(alone)]
    for share, must, aim in ((0.5, 60.0, 40.0), (0.95, 120.0, 90.0)) if waits else ():
        figures.tell(
            Figure(
                name=f"{rig.shape}: from webhook to reply when idle, beyond the quiet period, p{share * 100:.0f}",
                value=1000 * (percentile(waits, share) - QUIET_SECONDS), unit="ms", must=must, aim=aim, less_is_better=True,
            )
        )  # fmt: skip
    for name, process in rig.running.items():
        if name != "simulator":
            figures.tell(Figure(name=f"{rig.shape}: memory of {name} (PSS)", value=memory(process.pid), unit="MB"))


def _burst(rig: Rig, client: httpx2.Client, *, messages: int, number: int) -> tuple[float, dict[str, float]]:
    """Answers a second, and the seconds that each process spent on one; the platform holds all webhooks until all is written."""
    before = _replies(rig)
    client.post("/_sim/pause", json={}).raise_for_status()
    for index in range(messages):
        _say(client, f"round-{number}-{index}", _words(number, index))
    used, simulated = _used(rig), processor_seconds(rig.running["simulator"].pid)
    begun = time.monotonic()
    client.post("/_sim/resume", json={}).raise_for_status()
    _await_replies(rig, before + messages)
    took = time.monotonic() - begun
    # The simulator's time is nobody's in production; on two processors half of it was ours to lose.
    took -= (processor_seconds(rig.running["simulator"].pid) - simulated) / 2
    return messages / took, {name: (after - used[name]) / messages for name, after in _used(rig).items()}


def _alone(rig: Rig, client: httpx2.Client, number: int) -> float:
    """Seconds until somebody who writes while nobody else does has the answer, by the platform's own clock."""
    before = _replies(rig)
    thread = _say(client, f"alone-{number}", _words(ALONE, number))
    _await_replies(rig, before + 1)
    rows = [row for kind in ("webhook", "accepted") for row in rig.log(kind) if row["conversation_id"] == thread]
    return float(rows[-1]["at"]) - float(rows[0]["at"])


def _words(number: int, index: int) -> str:
    """What a customer writes, signed with a name of their own."""
    firsts, lasts = FIRST_NAMES.split(), LAST_NAMES.split()
    first, last = firsts[index % len(firsts)], lasts[index // len(firsts) % len(lasts)]
    return f"{LINES[index % len(LINES)]} {first} {last} {'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[number % 26]}."


def _say(client: httpx2.Client, user: str, text: str) -> str:
    said = client.post("/_sim/say", json={"user": user, "text": text})
    said.raise_for_status()
    return str(said.json()["conversation_id"])


def _used(rig: Rig) -> dict[str, float]:
    return {name: processor_seconds(process.pid) for name, process in rig.running.items() if name != "simulator"}


def _replies(rig: Rig) -> int:
    return len(rig.log("accepted"))


def _await_replies(rig: Rig, count: int) -> None:
    wait_for(lambda: _replies(rig) >= count, seconds=MOST_SECONDS, what=f"{count} replies")
