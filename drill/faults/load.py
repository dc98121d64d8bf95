"""More than anybody can answer: one customer floods, and the others do not wait for it."""

from drill.faults.base import BOTH, Fault, Stage

FLOOD = 500


def flooded(stage: Stage) -> None:
    """One customer writes hundreds of messages at once, while the others write as always."""
    for number in stage.strikes(2.0, 5.0):
        for _ in range(FLOOD // 50):
            stage.rig.simulator("POST", "say", {"user": f"flooder-{number}", "text": "and another thing", "count": 50})
        stage.injected += FLOOD - 1


FAULTS = (Fault(number="F46", name="one customer floods", strike=flooded, shapes=BOTH),)
