"""One turn: claim it, think, commit. A turn that fails is given back and tried again; the last failure goes to people."""

import logging
import time
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from structlog.contextvars import bound_contextvars

from agent.exceptions import NothingPublished
from agent.graph.brief import Brief, Mind, Thought, World
from agent.models import AgentRun
from agent.people import People
from agent.releases.first import ensure_first_release
from agent.services.briefs import asked_in, brief_of, left_before
from agent.services.forgetting import forget_run
from agent.services.keeping_leases import leases_of_turns
from agent.services.off import Answering, answering, switched_off
from agent.services.outcomes import apply_thought, facts_of, keep_outcome, outcome_of
from agent.tools import keeping
from agent.world import NotedPeople, as_json
from conversations import services as conversations
from conversations.types import MessageFacts, Outcome, Reply, Turn, TurnResult
from core import leases, rows
from core.crashpoints import crash_point
from core.following import following
from core.statements import Change
from core.transactions import persistently, retried

logger = logging.getLogger(__name__)

_HELD = frozenset({TurnResult.REPLIED, TurnResult.ESCALATED, TurnResult.SUPPRESSED, TurnResult.SUPERSEDED})
_ALL_BUT_THE_KEY = tuple(each.attname for each in AgentRun._meta.concrete_fields if not each.primary_key)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedTurn:
    """A turn that is ours, and the run that records it. ``request_ids`` are those of the messages that it answers."""

    turn: Turn
    run: AgentRun
    brief: Brief
    release: Answering
    owner: str
    started: float
    request_ids: tuple[str, ...]


def answer(conversation_id: int, mind: Mind, *, suspected_too: bool = False) -> TurnResult | None:
    """Answer what a customer wrote, or hand it over. None: nothing was due, somebody else has it, or it failed.

    The claim and the run's row are one transaction, the outcome and the run's end another; in between, while the agent
    thinks, no transaction is open and the lease is kept. Safe to call at any time and any number of times. Of the
    turns that were cut off twice (``suspected_too``) a process must work on one at a time.
    """
    with bound_contextvars(conversation=conversation_id):
        claimed = _claim(conversation_id, suspected_too=suspected_too)
        if claimed is None:
            return None
        with following(claimed.request_ids):
            return _answer(claimed, conversation_id, mind)


def _answer(claimed: ClaimedTurn, conversation_id: int, mind: Mind) -> TurnResult | None:
    crash_point("turn.after_claim")
    try:
        with leases_of_turns.kept(claimed.turn, claimed.owner):
            crash_point("turn.before_llm")
            thought = None if claimed.release.is_off else mind.think(claimed.brief, state=claimed.release.state)
        crash_point("turn.after_llm")
        result = _commit(claimed, thought)
    except Exception as error:
        logger.exception("Turn %d of conversation %d failed", claimed.turn.epoch, conversation_id)
        failure = error
        # A turn whose end the database does not take would be nobody's until its lease has run out.
        persistently(lambda: _fail(claimed, failure), seconds=settings.TURN_LEASE_SECONDS)
        return None
    logger.info("Turn %d of conversation %d: %s", claimed.turn.epoch, conversation_id, result.value)
    return result


def _claim(conversation_id: int, *, suspected_too: bool) -> ClaimedTurn | None:
    try:
        return _claim_with_run(conversation_id, suspected_too=suspected_too)
    except NothingPublished:
        ensure_first_release()
        return _claim_with_run(conversation_id, suspected_too=suspected_too)


@retried
def _claim_with_run(conversation_id: int, *, suspected_too: bool) -> ClaimedTurn | None:
    """The turn and the row of its run, both or none. Raises NothingPublished."""
    owner = leases.process_name()
    started = time.monotonic()
    turn = conversations.claim_turn(conversation_id, owner=owner, suspected_too=suspected_too)
    if turn is None:
        return None
    release = answering()
    talk = conversations.read_talk(conversation_id)
    before = left_before(talk, turn)
    brief = brief_of(talk, turn, answering=release, before=before)
    if before.has_unended:
        _end_abandoned(conversation_id, timezone.now())
    run = AgentRun(
        conversation_id=conversation_id,
        epoch=turn.epoch,
        release_id=release.release_id,
        from_seq=turn.from_seq,
        to_seq=turn.to_seq,
        attempt=turn.attempt,
        envelope={"brief": asdict(brief), "turn": asdict(turn), "at": timezone.now().isoformat()},
    )
    rows.insert(run)
    request_ids = tuple(line.request_id for line in asked_in(talk, turn))
    return ClaimedTurn(
        turn=turn,
        run=run,
        brief=brief,
        release=release,
        owner=owner,
        started=started,
        request_ids=request_ids,
    )


@Change
def _end_abandoned(conversation_id: int, now: datetime) -> tuple[QuerySet[AgentRun], dict[str, object]]:
    running = AgentRun.objects.filter(conversation_id=conversation_id, state=AgentRun.State.RUNNING)
    ended = {"state": AgentRun.State.FAILED, "error": "The process that worked on it ended.", "ended_at": now}
    return running, ended


def _commit(claimed: ClaimedTurn, thought: Thought | None) -> TurnResult:
    run = claimed.run
    if thought is None:
        people = NotedPeople(People())
        outcome, facts = switched_off(claimed.brief, people), MessageFacts()
        run.envelope = {**run.envelope, "world": as_json(World(staffing=people.noted))}
        run.trace = {"switched_off": True}
    else:
        outcome = outcome_of(thought.state, brief=claimed.brief, turn=claimed.turn)
        facts = facts_of(thought.state)
        apply_thought(run, thought)
    keep_outcome(run, outcome)
    return _write(claimed, outcome, facts, thought)


@retried
def _write(claimed: ClaimedTurn, outcome: Outcome, facts: MessageFacts, thought: Thought | None) -> TurnResult:
    """The end of the turn and of its run, both or none."""
    run = claimed.run
    # Registered before anything is announced, so that it comes before the bells.
    transaction.on_commit(partial(crash_point, "turn.after_commit"))
    result = conversations.commit_turn(claimed.turn, outcome, run_id=run.pk, facts=facts)
    crash_point("turn.commit_mid_tx")
    run.state = AgentRun.State(result.value)
    may_keep = _end(run, claimed, held=result in _HELD)
    if thought is not None and may_keep:
        _keep_tools(claimed, thought, result)
    if result is TurnResult.CANCELLED_BY_HUMAN and isinstance(outcome, Reply):
        conversations.suggest(claimed.turn.conversation_id, outcome.text, for_seq=claimed.turn.to_seq)
    return result


def _keep_tools(claimed: ClaimedTurn, thought: Thought, result: TurnResult) -> None:
    """The call of a tool whatever became of the turn; what is known for tools only where the turn counted."""
    keeping.keep_call(claimed.run, thought.state)
    if result is TurnResult.ESCALATED:
        keeping.keep_approval(claimed.run, thought.state, seq=claimed.turn.to_seq)
    if result in {TurnResult.REPLIED, TurnResult.ESCALATED, TurnResult.SUPPRESSED} and "dialogue" in thought.state:
        keeping.keep_dialogue(
            claimed.turn.conversation_id, claimed.brief.dialogue, thought.state["dialogue"], seq=claimed.turn.to_seq
        )


def _end(run: AgentRun, claimed: ClaimedTurn, *, held: bool = False) -> bool:
    """Write the run's end; whether what was said may be kept, which it may not where the customer was erased meanwhile.

    Where the turn was still its own (``held``) nobody was: erasing ends whatever turn is under way.
    """
    run.ended_at = timezone.now()
    run.duration_ms = round((time.monotonic() - claimed.started) * 1000)
    is_erased = not held and conversations.is_erased(run.conversation_id)
    if is_erased:
        forget_run(run)
    rows.update(run, *_ALL_BUT_THE_KEY)
    return not is_erased


@retried
def _fail(claimed: ClaimedTurn, error: Exception) -> None:
    """Give the turn back. If even that cannot be written, the lease runs out and the sweeper finds the turn."""
    what = type(error).__name__
    buried = conversations.fail_turn(claimed.turn, error=what, run_id=claimed.run.pk)
    run = claimed.run
    run.state = AgentRun.State.DEAD if buried else AgentRun.State.FAILED
    run.error = what
    _end(run, claimed)
