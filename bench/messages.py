"""From a signed webhook to the reply that the platform accepted: how many a second, what one costs, how long one takes."""

import time

import httpx2

from bench.figures import Figure, Figures, median, percentile
from drill.rig import Rig, wait_for
from drill.vitals import memory, processor_seconds

LINES = (
    "How long does delivery to France take?",
    "What does shipping cost?",
    "Can I return a jacket that does not fit?",
    "Wie lange dauert die Lieferung?",
)
# DECISIONS' limits, in messages a second on two processors, the simulator's own time apart.
MUST_AND_AIM = {"embedded": (25.0, 60.0), "services": (60.0, 100.0)}
# How long an answer waits for more words of the customer's.
QUIET_SECONDS = 1.2
MOST_SECONDS = 600.0


def measure(rig: Rig, figures: Figures, *, messages: int, rounds: int, alone: int) -> None:
    """Let ``messages`` customers write at once, ``rounds`` times; then ``alone`` one after another."""
    with httpx2.Client(base_url=rig.sim_url, timeout=60) as client:
        _say(client, "somebody", LINES[0])
        _await_replies(rig, 1)
        rates, costs = [], []
        for number in range(rounds):
            rate, cost = _burst(rig, client, messages=messages, number=number)
            rates.append(rate)
            costs.append(cost)
        cost = median(costs)
        must, aim = MUST_AND_AIM[rig.shape]
        figures.tell(
            Figure(
                name=f"{rig.shape}: messages answered a second, everybody at once",
                value=median(rates), unit="/s", must=must, aim=aim,
                detail=f"medians of {rounds} rounds of {messages}",
            )
        )  # fmt: skip
        figures.tell(Figure(name=f"{rig.shape}: processor time of one message", value=1000 * cost, unit="ms"))
        waits = [_alone(rig, client, number) for number in range(alone)]
    for share, must, aim in ((0.5, 60.0, 40.0), (0.95, 120.0, 90.0)):
        figures.tell(
            Figure(
                name=f"{rig.shape}: from webhook to reply when idle, beyond the quiet period, p{share * 100:.0f}",
                value=1000 * (percentile(waits, share) - QUIET_SECONDS), unit="ms", must=must, aim=aim, less_is_better=True,
            )
        )  # fmt: skip
    for name, process in rig.running.items():
        if name != "simulator":
            figures.tell(Figure(name=f"{rig.shape}: memory of {name} (PSS)", value=memory(process.pid), unit="MB"))


def _burst(rig: Rig, client: httpx2.Client, *, messages: int, number: int) -> tuple[float, float]:
    """Answers a second, and the processor's seconds of one; the platform holds all webhooks until everything is written."""
    before = _replies(rig)
    client.post("/_sim/pause", json={}).raise_for_status()
    for index in range(messages):
        _say(client, f"round-{number}-{index}", LINES[index % len(LINES)])
    used, simulated = _used(rig), processor_seconds(rig.running["simulator"].pid)
    begun = time.monotonic()
    client.post("/_sim/resume", json={}).raise_for_status()
    _await_replies(rig, before + messages)
    took = time.monotonic() - begun
    # The simulator's time is nobody's in production; on two processors half of it was ours to lose.
    took -= (processor_seconds(rig.running["simulator"].pid) - simulated) / 2
    return messages / took, (_used(rig) - used) / messages


def _alone(rig: Rig, client: httpx2.Client, number: int) -> float:
    """Seconds until somebody who writes while nobody else does has the answer, by the platform's own clock."""
    before = _replies(rig)
    thread = _say(client, f"alone-{number}", LINES[number % len(LINES)])
    _await_replies(rig, before + 1)
    rows = [row for kind in ("webhook", "accepted") for row in rig.log(kind) if row["conversation_id"] == thread]
    return float(rows[-1]["at"]) - float(rows[0]["at"])


def _say(client: httpx2.Client, user: str, text: str) -> str:
    said = client.post("/_sim/say", json={"user": user, "text": text})
    said.raise_for_status()
    return str(said.json()["conversation_id"])


def _used(rig: Rig) -> float:
    return sum(processor_seconds(process.pid) for name, process in rig.running.items() if name != "simulator")


def _replies(rig: Rig) -> int:
    return len(rig.log("accepted"))


def _await_replies(rig: Rig, count: int) -> None:
    wait_for(lambda: _replies(rig) >= count, seconds=MOST_SECONDS, what=f"{count} replies")
