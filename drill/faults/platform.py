"""The platform refuses, is slow, takes a message and does not say so, sends twice, late and out of order."""

from drill.faults.base import BOTH, Fault, Stage

PROBES_A_MINUTE = 3


def _misbehave(stage: Stage, *rules: dict[str, object]) -> None:
    with stage.rules(*rules):
        while stage.goes_on():
            stage.pause(0.5)


def refusing(stage: Stage) -> None:
    """503 and 429 with Retry-After for a third of the calls."""
    _misbehave(
        stage,
        {"where": "api", "kind": "http_503", "probability": 0.15, "seconds": 1},
        {"where": "api", "kind": "http_429", "probability": 0.15, "seconds": 1},
        {"where": "send", "kind": "code_40100", "probability": 0.1},
    )


def silent_after_accepting(stage: Stage) -> None:
    """A send is accepted, and then nothing comes back."""
    _misbehave(
        stage,
        {"where": "send", "kind": "timeout_after_accept", "probability": 0.1, "seconds": 12},
        {"where": "echo", "kind": "drop_echo", "probability": 0.5},
    )


def broken_after_accepting(stage: Stage) -> None:
    """A send is accepted, and then the connection breaks, or half an answer or a web page comes back."""
    _misbehave(
        stage,
        {"where": "send", "kind": "reset_after_accept", "probability": 0.1},
        {"where": "send", "kind": "half_response", "probability": 0.1},
        {"where": "send", "kind": "html_200", "probability": 0.1},
        {"where": "echo", "kind": "drop_echo", "probability": 0.5},
    )


def unreadable_after_accepting(stage: Stage) -> None:
    """The same, and the platform cannot be read back: what is in doubt is for a person, and nothing is sent twice."""
    _misbehave(
        stage,
        {"where": "send", "kind": "reset_after_accept", "probability": 0.1},
        {"where": "content_list", "kind": "http_503"},
        {"where": "echo", "kind": "drop_echo"},
    )


def down(stage: Stage) -> None:
    """Every call is cut off before anything is done."""
    _misbehave(stage, {"where": "api", "kind": "reset_before"})


def revoked(stage: Stage) -> None:
    """The token is not taken any more: no storm of calls, and all goes out after it is."""
    with stage.rules({"where": "api", "kind": "code_40105"}):
        while stage.goes_on():
            stage.pause(0.5)
    stage.injected += 1


def slow(stage: Stage) -> None:
    """Each send takes seconds."""
    _misbehave(stage, {"where": "send", "kind": "slow", "seconds": 4.0, "probability": 0.5})


def repeated(stage: Stage) -> None:
    """Every event ten times in parallel, some with a signature of long ago, forgeries beside them."""
    _misbehave(
        stage,
        {"where": "webhook", "kind": "duplicate", "copies": 9},
        {"where": "webhook", "kind": "stale", "seconds": 172_800, "probability": 0.2},
        {"where": "webhook", "kind": "forge", "probability": 0.2},
    )


def out_of_order(stage: Stage) -> None:
    """Events overtake one another, and answers to them are not awaited."""
    _misbehave(
        stage,
        {"where": "webhook", "kind": "reorder", "probability": 0.3, "seconds": 1.0},
        {"where": "webhook", "kind": "late", "probability": 0.2, "seconds": 3.0},
        {"where": "webhook", "kind": "hang_up", "probability": 0.2},
    )


FAULTS = (
    Fault(number="F26", name="platform refuses", strike=refusing, shapes=BOTH),
    Fault(number="F27", name="accepted, then silent", strike=silent_after_accepting, shapes=BOTH),
    Fault(number="F28", name="accepted, then broken", strike=broken_after_accepting, shapes=BOTH),
    Fault(number="F29", name="accepted, and cannot be read back", strike=unreadable_after_accepting, shapes=BOTH),
    Fault(number="F30", name="platform down", strike=down, shapes=BOTH),
    Fault(number="F31", name="token revoked", strike=revoked, shapes=BOTH),
    Fault(number="F32", name="platform slow", strike=slow, shapes=BOTH),
    Fault(number="F37", name="every event ten times", strike=repeated, shapes=BOTH),
    Fault(number="F38", name="out of order and late", strike=out_of_order, shapes=BOTH),
)
