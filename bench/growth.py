"""What processes hold: when they have begun, after so many messages, and after as many again."""

from collections.abc import Sequence
from itertools import pairwise

from bench.figures import Figure, Figures
from bench.messages import LINES, MOST_SECONDS, SIMULATOR, burst, say
from bench.replies import Replies
from bench.sizes import Sizes
from drill import wire
from drill.faults.shed import BACKLOG
from drill.rig import Rig, wait_for
from drill.vitals import memory

# In megabytes: STACK 7 for what answers the web; DECISIONS for what thinks, said of both encoders and held with one as well.
# Nothing was decided for the others.
WEB, THINKING = (100.0, 75.0), (600.0, 520.0)
MUST_AND_AIM = {"ingest": WEB, "live": WEB, "worker": THINKING, "sweeper": THINKING}
# Rounds of which nobody else's customers are named.
FIRST, SECOND = 20, 21
SETTLED_SECONDS = 180.0


def measure(rig: Rig, figures: Figures, sizes: Sizes) -> None:
    """Begin anew, so that what other parts left behind does not count; then two bursts with a look after each."""
    for process in rig.processes:
        if rig.runs(process.name):
            rig.kill(process.name)
    rig.start_all()
    with wire.Client(base_url=rig.sim_url, timeout=60) as client:
        replies = Replies(client)
        before = replies.count
        say(client, "somebody at the start", LINES[0])
        replies.wait(before + 1, seconds=MOST_SECONDS)
        held = [_held(rig)]
        for number in (FIRST, SECOND):
            burst(rig, client, replies, messages=sizes.growth, number=number)
            held.append(_held(rig))
    for name in held[0]:
        _tell(rig, figures, name, [each[name] for each in held], messages=sizes.growth)


def growth(held: Sequence[float], *, messages: int) -> list[float]:
    """Megabytes for each thousand messages, between one look and the next, so many messages later."""
    return [1000 * (later - earlier) / messages for earlier, later in pairwise(held)]


def _tell(rig: Rig, figures: Figures, name: str, held: Sequence[float], *, messages: int) -> None:
    must, aim = MUST_AND_AIM.get(name, (None, None))
    figures.tell(
        Figure(
            name=f"{rig.shape}: memory of {name} (PSS)", value=held[-1], unit="MB", must=must, aim=aim, less_is_better=True,
            detail=f"after {2 * messages:,} messages; {held[0]:.0f} at the start, {held[1]:.0f} after {messages:,}",
        )
    )  # fmt: skip
    first, second = growth(held, messages=messages)
    figures.tell(
        Figure(
            name=f"{rig.shape}: by how much {name} grows in 1,000 messages", value=second, unit="MB",
            detail=f"in the second {messages:,}; in the first {first:.1f} MB",
        )
    )  # fmt: skip


def _held(rig: Rig) -> dict[str, float]:
    """Each process of the product by its name, once everything is worked off."""
    wait_for(lambda: rig.query(BACKLOG)[0][0] == 0, seconds=SETTLED_SECONDS, what="everything to be worked off")
    return {name: memory(process.pid) for name, process in rig.running.items() if name != SIMULATOR}
