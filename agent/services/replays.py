"""Exact replay: a run's turn thought again from its envelope, and compared with what was kept, value by value."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from agent.exceptions import ExchangeMissing
from agent.graph.brief import Change, Envelope, Memory, Past, Thought
from agent.models import AgentRun
from agent.services.envelopes import envelope_of, turn_of
from agent.services.off import is_switched_off, switched_off
from agent.services.outcomes import apply_thought, outcome_of, told_outcome
from agent.world import RememberedWorld
from conversations.types import Outcome, Turn

MOST_DIFFERENCES = 40
UNCHANGED = Change()
_NOTHING = "–"
_COLUMNS = (
    "draft", "route", "intent", "confidence", "sentiment", "language", "provider", "model", "tokens_in", "tokens_out",
    "cost_micros",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A value that is another now: where it stands, what it was and what it is, as JSON."""

    what: str
    then: str
    now: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What came of thinking a run again. ``missing`` says what was not kept; then nothing could be compared."""

    equal: bool
    differences: tuple[Difference, ...] = ()
    missing: str = ""


def replay(run: AgentRun, memory: Memory) -> Replayed:
    """Think a run again with the release, the words and the models' answers of then, and compare.

    No network, no clock, and nothing is written. Raises NothingToReplay.
    """
    envelope = envelope_of(run)
    return compare(run, envelope, memory.revisit(run.release_id, at=envelope.at))


def compare(run: AgentRun, envelope: Envelope, past: Past) -> Replayed:
    """The same, with a release that was loaded already."""
    try:
        found = tuple(_differences(_kept(run), _again(run, envelope, past)))
    except ExchangeMissing as missing:
        return Replayed(equal=False, missing=str(missing))
    before, after = envelope.versions.content_hash, past.content_hash
    if found and before != after:
        what = "release's content"
        found = (Difference(what=what, then=before[:12] or "a draft", now=after[:12] or "a draft"), *found)
    return Replayed(equal=not found, differences=found[:MOST_DIFFERENCES])


def outcome_again(envelope: Envelope, turn: Turn, thought: Thought) -> Outcome:
    """What the thought would have committed."""
    return outcome_of(thought.state, brief=envelope.brief, turn=turn)


def _kept(run: AgentRun) -> dict[str, Any]:
    """What there is to be equal to."""
    columns = {name: getattr(run, name) for name in _COLUMNS}
    kept = {"columns": columns, "trace": _without_times(run.trace)}
    # Runs from before outcomes were kept whole have them in their trace and draft.
    outcome = run.envelope.get("outcome")
    return kept if outcome is None else {"outcome": outcome, **kept}


def _again(run: AgentRun, envelope: Envelope, past: Past) -> dict[str, Any]:
    ghost = AgentRun(release_id=run.release_id, envelope={})
    if is_switched_off(envelope.brief):
        outcome = switched_off(envelope.brief, RememberedWorld(envelope.world, at=envelope.at))
        ghost.trace = {"switched_off": True}
    else:
        thought = past.think_again(envelope, UNCHANGED).thought
        outcome = outcome_again(envelope, turn_of(run), thought)
        apply_thought(ghost, thought)
    again: dict[str, Any] = {
        "columns": {name: getattr(ghost, name) for name in _COLUMNS},
        "trace": _without_times(ghost.trace),
    }
    if "outcome" in run.envelope:
        again["outcome"] = told_outcome(outcome)
    # As the database would give it back.
    plain: dict[str, Any] = json.loads(json.dumps(again))
    return plain


def _without_times(trace: dict[str, Any]) -> dict[str, Any]:
    """The trace without how long its steps took, which no two runs share."""
    steps = [each["node"] for each in trace.get("steps", [])]
    return {**trace, "steps": steps} if steps else trace


def _differences(then: dict[str, Any], now: dict[str, Any]) -> Iterator[Difference]:
    before, after = dict(_leaves(then, "")), dict(_leaves(now, ""))
    for what in [*before, *(each for each in after if each not in before)]:
        if what not in before or what not in after or before[what] != after[what]:
            yield Difference(what=what, then=_written(before, what), now=_written(after, what))


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every value that holds no others, by the way to it."""
    inner: list[tuple[str, Any]] = []
    if isinstance(value, dict):
        inner = [(f"{path}.{name}" if path else str(name), each) for name, each in value.items()]
    elif isinstance(value, list):
        inner = [(f"{path}[{number}]", each) for number, each in enumerate(value)]
    if not inner:
        yield path, value
    for where, each in inner:
        yield from _leaves(each, where)


def _written(values: dict[str, Any], what: str) -> str:
    return json.dumps(values[what], ensure_ascii=False)[:400] if what in values else _NOTHING
