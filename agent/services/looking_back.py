"""Asking for a run to be thought again, and doing it: a row says what is asked, a worker does it, the row has the end."""

import logging
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from agent.exceptions import AgentError, NothingToReplay
from agent.graph.brief import Memory
from agent.models import AgentRun, Replay
from agent.services.envelopes import envelope_of
from agent.services.replays import replay
from agent.services.what_ifs import WhatIf, what_ifs
from conversations.models import Conversation
from core import audit
from core.exceptions import NotAllowed
from core.models import User
from core.policy import Action, allows, require, sees_conversation

logger = logging.getLogger(__name__)

KEPT_A_RUN = 10
UNDER_WAY = timedelta(minutes=2)


@transaction.atomic
def ask(run: AgentRun, by: User, kind: Replay.Kind) -> Replay:
    """Ask for a replay; one that was asked a moment ago and has not ended is returned instead. Whoever calls rings.

    Raises NotAllowed, NothingToReplay.
    """
    if not may_ask(by, run):
        require(by, Action.EVALUATE)
        raise NotAllowed("You may not read this conversation, so you cannot replay it.")
    envelope_of(run)
    asked = Replay.objects.filter(run=run, kind=kind)
    under_way = asked.filter(state=Replay.State.WAITING, asked_at__gte=timezone.now() - UNDER_WAY).first()
    if under_way is not None:
        return under_way
    older = list(Replay.objects.filter(run=run).values_list("pk", flat=True)[KEPT_A_RUN - 1 :])
    Replay.objects.filter(pk__in=older).delete()
    made = Replay.objects.create(run=run, kind=kind, asked_by=by)
    audit.record(by, "run.replayed", run, after={"kind": kind.value})
    return made


def may_ask(by: User, run: AgentRun) -> bool:
    """Whether somebody may replay a run: those who evaluate, and may read the conversation."""
    conversation = Conversation.objects.filter(pk=run.conversation_id).first()
    if conversation is None or not allows(by, Action.EVALUATE):
        return False
    return sees_conversation(by, conversation.policy_subject)


def perform(replay_id: int, memory: Memory) -> None:
    """Do what a row asks for, once. A row that is gone or has ended is left alone; what goes wrong is written on it."""
    row = Replay.objects.select_related("run").filter(pk=replay_id, state=Replay.State.WAITING).first()
    if row is None:
        return
    try:
        result = _result(row, memory)
    except AgentError as problem:
        _end(row, Replay.State.FAILED, error=str(problem))
    except Exception:
        logger.exception("Replay %d failed", replay_id)
        _end(row, Replay.State.FAILED, error="Something went wrong. The log of the worker says what.")
    else:
        _end(row, Replay.State.DONE, result=result)


def _result(row: Replay, memory: Memory) -> dict[str, Any]:
    if row.kind == Replay.Kind.EXACT:
        return asdict(replay(row.run, memory))
    return {"what_ifs": [_plain(each) for each in what_ifs(row.run, memory)]}


def _plain(found: WhatIf) -> dict[str, Any]:
    return {
        "about": found.about,
        "sentence": found.sentence,
        "same": found.same,
        "known": found.known,
        "outcome": found.outcome,
    }


@transaction.atomic
def _end(row: Replay, state: Replay.State, *, result: dict[str, Any] | None = None, error: str = "") -> None:
    """Write the end, unless the run was emptied meanwhile: then nothing of it may be kept."""
    emptied = AgentRun.objects.filter(pk=row.run_id, envelope={}).exists()
    gone = str(NothingToReplay("What this run was given was erased meanwhile."))
    Replay.objects.filter(pk=row.pk, state=Replay.State.WAITING).update(
        state=Replay.State.FAILED if emptied else state,
        result={} if emptied else result or {},
        error=gone if emptied else error[:300],
        ended_at=timezone.now(),
    )
