"""A replay as people read it: whether a run came to the same, and what would have come of it with one thing changed."""

import uuid
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from agent.models import AgentRun, Replay
from agent.services import looking_back
from core.models import User

MOST_ITEMS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceWords:
    """A value that is another now."""

    what: str
    then: str
    now: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIfWords:
    """One counterfactual, and how it is marked: ok for no difference, warn for one, info for what is not known."""

    sentence: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayView:
    """One replay. ``headline`` says the end in a sentence; ``kind`` colours it: ok, warn, danger, or info meanwhile."""

    public_id: uuid.UUID
    is_what_if: bool
    is_waiting: bool
    headline: str
    kind: str
    differences: list[DifferenceWords] = field(default_factory=list)
    what_ifs: list[WhatIfWords] = field(default_factory=list)


def may_replay(run: AgentRun, who: User) -> bool:
    """Whether the buttons are of use: the person may, and the run holds what it takes."""
    return bool(run.envelope and run.trace) and looking_back.may_ask(who, run)


def read(replay: Replay) -> ReplayView:
    """The replay in words. One that no worker took in time no longer waits."""
    if replay.state == Replay.State.WAITING:
        waits = timezone.now() - replay.asked_at < looking_back.UNDER_WAY
        text = _("Thinking it again…") if waits else _("No worker has taken this. See whether one runs, and ask again.")
        return _view(replay, text, "info" if waits else "danger", is_waiting=waits)
    if replay.state == Replay.State.FAILED:
        return _view(replay, replay.error, "danger")
    result: dict[str, Any] = replay.result
    if replay.kind == Replay.Kind.WHAT_IF:
        return _view(replay, _("Each of these was thought again with the release of then."), "ok")
    if result.get("missing"):
        return _view(replay, _("It cannot be replayed exactly. %(why)s") % {"why": result["missing"]}, "warn")
    if result.get("equal") is True:
        return _view(replay, _("The same again: the outcome and every value of the trace are equal."), "ok")
    return _view(replay, _("It comes to something else now:"), "danger")


def _view(replay: Replay, headline: str, kind: str, *, is_waiting: bool = False) -> ReplayView:
    result: dict[str, Any] = replay.result
    return ReplayView(
        public_id=replay.public_id,
        is_what_if=replay.kind == Replay.Kind.WHAT_IF,
        is_waiting=is_waiting,
        headline=headline,
        kind=kind,
        differences=[DifferenceWords(**each) for each in result.get("differences", [])[:MOST_ITEMS]],
        what_ifs=[
            WhatIfWords(sentence=each["sentence"], kind=_mark(each)) for each in result.get("what_ifs", [])[:MOST_ITEMS]
        ],
    )


def _mark(found: dict[str, Any]) -> str:
    if not found["known"]:
        return "info"
    return "ok" if found["same"] else "warn"
