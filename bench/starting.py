"""How long processes take until they answer."""

import time

from bench.figures import Figure, Figures, median
from drill.rig import Rig, wait_for

ROUNDS = 3


def measure(rig: Rig, figures: Figures) -> None:
    """Kill what answers platforms and start it again, a few times."""
    name = "up" if rig.shape == "embedded" else "ingest"
    is_web = rig.shape == "services"
    took = []
    for _ in range(ROUNDS):
        rig.kill(name)
        begun = time.monotonic()
        rig.start(name)
        wait_for(rig.is_ready, seconds=120, what=f"{name} to answer")
        took.append(time.monotonic() - begun)
    figures.tell(
        Figure(
            name=f"{rig.shape}: start of {name} until it is ready", value=median(took), unit="s", less_is_better=True,
            must=1.5 if is_web else None, aim=1.0 if is_web else None,
        )
    )  # fmt: skip
