"""Language models that fail in every way they can, vanish, or have no address: nobody is left unanswered."""

import json
import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from drill.faults.base import BOTH, WORKERS, Fault, Stage
from drill.model import FAILING, MODEL, PROVIDERS, ModelServer, settings_of

RUNS = """
SELECT state, provider, duration_ms, trace FROM agent_agentrun
WHERE id > {after} AND state IN ('replied', 'escalated', 'suppressed')
"""
LAST_RUN = "SELECT coalesce(max(id), 0) FROM agent_agentrun"
BEATS = "SELECT details FROM core_workerheartbeat"
AMBIGUOUS = "SELECT count(*) FROM conversations_deliveryattempt WHERE outcome = 'ambiguous'"
NO_ADDRESS = "SELECT count(*) FROM conversations_deliveryattempt WHERE outcome = 'retry'"
BASES = "SELECT id, api_base FROM integrations_platformaccount"
# The turn's deadline for models, and what the embedded engine and a busy machine may need beside it.
LONGEST_TURN = 32.0
# Three seconds to connect, and a busy machine.
LONGEST_CONNECT = 6.0
# What opens a breaker, who may already be under way meanwhile, and how often it tries again.
OPENING_CALLS, THREADS, TRIES_AGAIN_AFTER = 5, 8, 30.0
WAIT_SECONDS = 60.0
NOWHERE = "platform.invalid", "models.invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A turn that ended, by whom it was answered, and the calls of models it made."""

    ended: str
    provider: str
    seconds: float
    calls: tuple[dict[str, Any], ...]


def _turns(stage: Stage, *, after: int) -> list[Turn]:
    return [
        Turn(
            ended=state,
            provider=provider,
            seconds=(milliseconds or 0) / 1000,
            calls=tuple((json.loads(trace) if isinstance(trace, str) else trace).get("models", ())),
        )
        for state, provider, milliseconds, trace in stage.rig.query(RUNS.format(after=after))
    ]


def _tell(stage: Stage, turns: list[Turn]) -> None:
    """Who answered, in percent, and the longest turn; every turn has an end within its time."""
    ends = Counter(turn.provider if turn.ended == "replied" else turn.ended for turn in turns)
    stage.figures |= {f"{end}, %": round(100 * number / len(turns), 1) for end, number in sorted(ends.items())}
    longest = max((turn.seconds for turn in turns), default=0.0)
    stage.highest("longest turn, s", longest)
    stage.highest("calls of models", sum(len(turn.calls) for turn in turns))
    if longest > LONGEST_TURN:
        stage.object_to(f"A turn took {longest:.1f} s.")
    if not turns:
        stage.object_to("No turn ended.")


def _go_on_for(stage: Stage, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        stage.pause(0.5)


def _wait_for_kinds(stage: Stage, model: ModelServer) -> None:
    """Until each failure was met at each provider; those whose breaker is open are asked again after a restart."""
    missing: set[tuple[str, str]] = set()
    for _ in range(4):
        until = time.monotonic() + WAIT_SECONDS / 2
        while time.monotonic() < until:
            missing = {(p, kind) for p in PROVIDERS for kind in FAILING if not model.served[p, kind]}
            if not missing:
                return
            stage.pause(0.5)
        stage.restart()
    for provider, kind in sorted(missing):
        stage.object_to(f"{provider} was never asked while it did {kind}.")


def failing(stage: Stage) -> None:
    """Each kind of failure at both providers, then at the first alone, at none, and in three of ten calls of both."""
    after = stage.rig.query(LAST_RUN)[0][0]
    with ModelServer() as model, stage.changed(model.settings):
        model.misbehave(*FAILING)
        _wait_for_kinds(stage, model)
        model.misbehave(providers=PROVIDERS[1:])
        stage.restart()
        stage.go_on_until(lambda: _is_answered_by(stage, PROVIDERS[1], after=after))
        model.misbehave()
        stage.restart()
        stage.go_on_until(lambda: _is_answered_by(stage, PROVIDERS[0], after=after))
        model.misbehave(*FAILING, share=0.3)
        stage.restart()
        _go_on_for(stage, 8.0)
        stage.injected += sum(number for (_, kind), number in model.served.items() if kind in FAILING)
        turns = _turns(stage, after=after)
        _tell(stage, turns)
    answered = {turn.provider for turn in turns if turn.ended == "replied"}
    if missing := {*PROVIDERS, "embedded"} - answered:
        stage.object_to(f"Nothing was ever answered by {', '.join(sorted(missing))}.")


def _is_answered_by(stage: Stage, provider: str, *, after: int) -> bool:
    return any(turn.ended == "replied" and turn.provider == provider for turn in _turns(stage, after=after))


@contextmanager
def _black_hole() -> Iterator[str]:
    """An address where no connection is ever made: the queue of who waits is full, so what comes is dropped."""
    with socket.socket() as listener, ExitStack() as held:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = held.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def black_hole(stage: Stage) -> None:
    """The first provider takes no connection; the second answers, and the first is soon left alone."""
    after = stage.rig.query(LAST_RUN)[0][0]
    begun = time.monotonic()
    with (
        ModelServer() as model,
        _black_hole() as hole,
        stage.changed(settings_of(openai=hole, anthropic=model.url)),
    ):
        # Long enough for every process to have left it alone, and to have tried again.
        _go_on_for(stage, 45.0)
        while stage.goes_on():
            stage.pause(0.5)
        turns = _turns(stage, after=after)
        _tell(stage, turns)
    calls = [call for turn in turns for call in turn.calls if call["provider"] == "openai"]
    stage.injected += len(calls)
    slowest = max((call["ms"] / 1000 for call in calls), default=0.0)
    tries_again = int((time.monotonic() - begun) / TRIES_AGAIN_AFTER) + 1
    most = len(WORKERS[stage.rig.shape]) * (OPENING_CALLS + THREADS + tries_again)
    stage.highest("calls into the hole", len(calls))
    stage.highest("slowest of them, s", slowest)
    if not calls:
        stage.object_to("Nobody called into the hole.")
    if len(calls) > most:
        stage.object_to(f"It was called {len(calls)} times, and {most} are all that breakers let through.")
    if slowest > LONGEST_CONNECT:
        stage.object_to(f"Somebody waited {slowest:.1f} s for a connection.")
    if any(call["cost_micros"] for call in calls):
        stage.object_to("Calls that were never made were paid for.")


def both_down(stage: Stage) -> None:
    """Both providers answer 503, then neither is there; the embedded engine answers, and operators see why."""
    after = stage.rig.query(LAST_RUN)[0][0]
    seen: set[str] = set()

    def watch(seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until or (len(seen) < len(PROVIDERS) and time.monotonic() < until + WAIT_SECONDS):
            for (details,) in stage.rig.query(BEATS):
                seen.update((json.loads(details) if isinstance(details, str) else details).get("breakers", ()))
            stage.pause(0.5)

    with ModelServer() as model:
        gone = model.settings
        model.misbehave("http_500", "http_529")
        with stage.changed(gone):
            watch(max(5.0, (stage.ends_at - time.monotonic()) / 2))
        stage.injected += sum(model.served.values())
    with stage.changed(gone):
        watch(5.0)
        while stage.goes_on():
            stage.pause(0.5)
        turns = _turns(stage, after=after)
        _tell(stage, turns)
    stage.injected += sum(len(turn.calls) for turn in turns)
    stage.highest("models shown as left alone", len(seen))
    if missing := {f"{provider}:{MODEL}" for provider in PROVIDERS} - seen:
        stage.object_to(f"Nobody was shown that {', '.join(sorted(missing))} is left alone.")
    if not any(turn.provider == "embedded" and turn.ended == "replied" and turn.calls for turn in turns):
        stage.object_to("The embedded engine answered nothing in the models' place.")


def no_address(stage: Stage) -> None:
    """Neither the platform's name nor the models' leads anywhere: nothing was sent, so nothing is in doubt."""
    ambiguous = stage.rig.query(AMBIGUOUS)[0][0]
    platform, models = NOWHERE
    settings = settings_of(openai=f"http://{models}", anthropic=f"http://{models}")
    settings["EGRESS_ALLOW"] = ["127.0.0.1:*", f"{platform}:*", f"{models}:*"]
    bases = stage.rig.query(BASES)
    with stage.changed(settings):
        after = stage.rig.query(LAST_RUN)[0][0]
        for pk, base in bases:
            _lead(stage, pk, base.replace("127.0.0.1", platform))
        try:
            stage.go_on_until(
                lambda: (
                    stage.rig.query(NO_ADDRESS)[0][0] > 0 and any(turn.calls for turn in _turns(stage, after=after))
                ),
            )
        finally:
            for pk, base in bases:
                _lead(stage, pk, base)
        turns = _turns(stage, after=after)
        _tell(stage, turns)
    refused = stage.rig.query(NO_ADDRESS)[0][0]
    doubtful = stage.rig.query(AMBIGUOUS)[0][0] - ambiguous
    stage.injected += refused + sum(len(turn.calls) for turn in turns)
    stage.highest("sends without an address", refused)
    stage.highest("sends in doubt", doubtful)
    if not refused:
        stage.object_to("Nothing was tried to be sent.")
    if doubtful:
        stage.object_to(f"{doubtful} sends that had no address to go to are in doubt.")


def _lead(stage: Stage, pk: int, base: str) -> None:
    stage.rig.database.change(f"UPDATE integrations_platformaccount SET api_base = '{base}' WHERE id = {pk}")  # noqa: S608


FAULTS = (
    Fault(number="F33", name="models fail", strike=failing, shapes=BOTH),
    Fault(number="F34", name="model in a black hole", strike=black_hole, shapes=BOTH),
    Fault(number="F35", name="both models down", strike=both_down, shapes=BOTH),
    Fault(number="F36", name="names lead nowhere", strike=no_address, shapes=BOTH),
)
