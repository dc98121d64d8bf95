"""One turn: claim it, think, commit. A turn that fails is given back and tried again; the last failure goes to people."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial

from django.conf import settings
from django.db import Error as DatabaseProblem
from django.db import connection, transaction
from django.utils import timezone
from structlog.contextvars import bound_contextvars

from agent.graph.brief import Brief, Mind, Thought
from agent.models import AgentConfig, AgentRun, Release, ReplyTemplate
from agent.releases import keys
from agent.releases.first import ensure_first_release
from agent.releases.services import current_release
from agent.services.briefs import brief_of
from agent.services.forgetting import forget_run
from agent.services.outcomes import apply_thought, facts_of, outcome_of
from conversations import services as conversations
from conversations.types import HandOver, MessageFacts, Outcome, ReasonCategory, Reply, Turn, TurnResult
from core import leases, rows
from core.crashpoints import crash_point
from core.transactions import retried

logger = logging.getLogger(__name__)

HEARTBEATS_A_LEASE = 4
_ALL_BUT_THE_KEY = tuple(each.attname for each in AgentRun._meta.concrete_fields if not each.primary_key)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedTurn:
    """A turn that is ours, and the run that records it."""

    turn: Turn
    run: AgentRun
    brief: Brief
    owner: str
    started: float


def answer(conversation_id: int, mind: Mind) -> TurnResult | None:
    """Answer what a customer wrote, or hand it over. None: nothing was due, somebody else has it, or it failed.

    The claim and the run's row are one transaction, the outcome and the run's end another; in between, while the agent
    thinks, no transaction is open and the lease is kept. Safe to call at any time and any number of times.
    """
    with bound_contextvars(conversation=conversation_id):
        claimed = _claim(conversation_id)
        return None if claimed is None else _answer(claimed, conversation_id, mind)


def _answer(claimed: ClaimedTurn, conversation_id: int, mind: Mind) -> TurnResult | None:
    crash_point("turn.after_claim")
    try:
        with _heartbeat(claimed):
            crash_point("turn.before_llm")
            thought = None if _is_switched_off(claimed.brief) else mind.think(claimed.brief)
        crash_point("turn.after_llm")
        result = _commit(claimed, thought)
    except Exception as error:
        logger.exception("Turn %d of conversation %d failed", claimed.turn.epoch, conversation_id)
        _fail(claimed, error)
        return None
    logger.info("Turn %d of conversation %d: %s", claimed.turn.epoch, conversation_id, result.value)
    return result


def _claim(conversation_id: int) -> ClaimedTurn | None:
    return _claim_for(current_release() or ensure_first_release(), conversation_id)


@retried
def _claim_for(release: Release, conversation_id: int) -> ClaimedTurn | None:
    """The turn and the row of its run, both or none."""
    owner = leases.process_name()
    started = time.monotonic()
    turn = conversations.claim_turn(conversation_id, owner=owner)
    if turn is None:
        return None
    brief = brief_of(conversations.read_talk(conversation_id), turn, release_id=release.pk)
    AgentRun.objects.filter(conversation_id=conversation_id, state=AgentRun.State.RUNNING).update(
        state=AgentRun.State.FAILED, error="The process that worked on it ended.", ended_at=timezone.now()
    )
    run = AgentRun(
        conversation_id=conversation_id,
        epoch=turn.epoch,
        release=release,
        from_seq=turn.from_seq,
        to_seq=turn.to_seq,
        attempt=turn.attempt,
        envelope={"brief": asdict(brief), "turn": asdict(turn), "at": timezone.now().isoformat()},
    )
    rows.insert(run)
    return ClaimedTurn(turn=turn, run=run, brief=brief, owner=owner, started=started)


@contextmanager
def _heartbeat(claimed: ClaimedTurn) -> Iterator[None]:
    """Keep the lease while the block runs."""
    done = threading.Event()
    keeper = threading.Thread(target=_keep_lease, args=(claimed, done), name=f"lease-{claimed.turn.epoch}", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        done.set()
        keeper.join()


def _keep_lease(claimed: ClaimedTurn, done: threading.Event) -> None:
    try:
        while not done.wait(settings.TURN_LEASE_SECONDS / HEARTBEATS_A_LEASE):
            try:
                if not conversations.extend_turn(claimed.turn, owner=claimed.owner):
                    return
            except DatabaseProblem:
                # The commit's epoch check decides whether the turn is still ours; a missed beat alone loses nothing.
                logger.warning("The lease of turn %d was not extended", claimed.turn.epoch, exc_info=True)
    finally:
        connection.close()


def _is_switched_off(brief: Brief) -> bool:
    key = "bot.enabled"
    stored = AgentConfig.objects.filter(release_id=brief.release_id, config_key=key).values_list(
        "config_value", flat=True
    )
    return not keys.read(key, stored.first() or keys.KEYS[key].default)


def _switched_off(brief: Brief) -> Outcome:
    texts = dict(
        ReplyTemplate.objects.filter(release_id=brief.release_id, key="handoff").values_list("language", "text")
    )
    text = texts.get(brief.language_prior or "") or texts.get("en") or next(iter(texts.values()), "")
    return HandOver(reason=ReasonCategory.POLICY, detail="The bot is switched off.", customer_text=text)


def _commit(claimed: ClaimedTurn, thought: Thought | None) -> TurnResult:
    run = claimed.run
    if thought is None:
        outcome, facts = _switched_off(claimed.brief), MessageFacts()
        run.trace = {"switched_off": True}
    else:
        outcome = outcome_of(thought.state, brief=claimed.brief, turn=claimed.turn)
        facts = facts_of(thought.state)
        apply_thought(run, thought)
    return _write(claimed, outcome, facts)


@retried
def _write(claimed: ClaimedTurn, outcome: Outcome, facts: MessageFacts) -> TurnResult:
    """The end of the turn and of its run, both or none."""
    run = claimed.run
    # Registered before anything is announced, so that it comes before the bells.
    transaction.on_commit(partial(crash_point, "turn.after_commit"))
    result = conversations.commit_turn(claimed.turn, outcome, run_id=run.pk, facts=facts)
    crash_point("turn.commit_mid_tx")
    run.state = AgentRun.State(result.value)
    _end(run, claimed)
    if result is TurnResult.CANCELLED_BY_HUMAN and isinstance(outcome, Reply):
        conversations.suggest(claimed.turn.conversation_id, outcome.text, for_seq=claimed.turn.to_seq)
    return result


def _end(run: AgentRun, claimed: ClaimedTurn) -> None:
    run.ended_at = timezone.now()
    run.duration_ms = round((time.monotonic() - claimed.started) * 1000)
    if conversations.is_erased(run.conversation_id):
        # The customer was erased while the agent thought about their words.
        forget_run(run)
    rows.update(run, *_ALL_BUT_THE_KEY)


@retried
def _fail(claimed: ClaimedTurn, error: Exception) -> None:
    """Give the turn back. If even that cannot be written, the lease runs out and the sweeper finds the turn."""
    what = type(error).__name__
    buried = conversations.fail_turn(claimed.turn, error=what, run_id=claimed.run.pk)
    run = claimed.run
    run.state = AgentRun.State.DEAD if buried else AgentRun.State.FAILED
    run.error = what
    _end(run, claimed)
