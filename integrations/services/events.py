"""What people do with events that were set aside. Each deed names the state it was decided on, so that two never meet."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models.functions import Now

from core import audit, live
from core.models import ApiKey, User
from core.policy import Action, require
from core.text import clean_text
from integrations.exceptions import EventMovedOn, EventNotReplayable, ReasonMissing
from integrations.models import WebhookEvent
from integrations.services.forgetting import MARK

State = WebhookEvent.State
REPLAYABLE = (State.QUARANTINED, State.DEAD, State.IGNORED)
DROPPABLE = (State.QUARANTINED, State.DEAD, State.CONFLICT)
DONE = {State.RECEIVED: "replayed", State.IGNORED: "dropped"}
# What a reason begins with: the rule that set the event aside.
RULE = re.compile(r"(\w{1,40}):")
MOST_AT_ONCE = 500
# SQLite's clock tells milliseconds, and writes them otherwise than they are asked for.
CLOCK_STEP = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """An event as somebody saw it: a deed on it is done only while it still stands so."""

    pk: int
    state: str
    since: datetime

    @classmethod
    def of(cls, event: WebhookEvent) -> "Sight":
        """As it stands in ``event``."""
        return cls(pk=event.pk, state=event.state, since=event.next_attempt_at)


@dataclass(slots=True, kw_only=True)
class Tally:
    """What came of a deed on many: how many it was done to, and the others' problems, each once."""

    done: int = 0
    problems: dict[str, int] = field(default_factory=dict)


@transaction.atomic
def replay_event(
    event: WebhookEvent, by: User | ApiKey | None, *, reason: str = "", seen: Sight | None = None
) -> WebhookEvent:
    """Take a set-aside event in once more; the next sweep does it. The reason stands on the event until then.

    Raises EventNotReplayable, NotAllowed, and EventMovedOn where it no longer stands as ``seen``.
    """
    return _move(event, by, "event.replay", State.RECEIVED, reason=reason, seen=seen)


@transaction.atomic
def drop_event(
    event: WebhookEvent, by: User | ApiKey | None, *, reason: str, seen: Sight | None = None
) -> WebhookEvent:
    """Decide that a set-aside event needs nothing. Raises as replay_event does, and ReasonMissing."""
    if not reason.strip():
        raise ReasonMissing
    return _move(event, by, "event.drop", State.IGNORED, reason=reason, seen=seen)


def replay_events(sights: Iterable[Sight], by: User, *, reason: str = "") -> Tally:
    """Take up to MOST_AT_ONCE in once more, each by itself. Raises NotAllowed."""
    return _each(sights, by, lambda event, seen: replay_event(event, by, reason=reason, seen=seen))


def drop_events(sights: Iterable[Sight], by: User, *, reason: str) -> Tally:
    """Drop up to MOST_AT_ONCE, each by itself. Raises NotAllowed and ReasonMissing."""
    if not reason.strip():
        raise ReasonMissing
    return _each(sights, by, lambda event, seen: drop_event(event, by, reason=reason, seen=seen))


@transaction.atomic
def reveal_event(event: WebhookEvent, by: User) -> None:
    """Note that somebody looks at an event's body unmasked. Raises NotAllowed."""
    require(by, Action.REVEAL_PII)
    audit.record(by, "event.reveal", event)


def _each(sights: Iterable[Sight], by: User, deed: Callable[[WebhookEvent, Sight], object]) -> Tally:
    require(by, Action.REPLAY_EVENTS)
    wanted = {sight.pk: sight for sight in list(sights)[:MOST_AT_ONCE]}
    tally = Tally()
    events = WebhookEvent.objects.filter(pk__in=wanted).defer("body", "headers").order_by("id")
    for event in events:
        try:
            deed(event, wanted[event.pk])
        except (EventNotReplayable, EventMovedOn) as problem:
            tally.problems[str(problem)] = tally.problems.get(str(problem), 0) + 1
        else:
            tally.done += 1
    return tally


def _move(
    event: WebhookEvent,
    by: User | ApiKey | None,
    action: str,
    to: WebhookEvent.State,
    *,
    reason: str,
    seen: Sight | None,
) -> WebhookEvent:
    if by is not None:
        require(by, Action.REPLAY_EVENTS)
    seen = seen or Sight.of(event)
    why = clean_text(reason, limit=200).strip()
    if seen.state not in (REPLAYABLE if to == State.RECEIVED else DROPPABLE):
        raise EventNotReplayable
    who = by.display_name if by else "the product"
    before = WebhookEvent.objects.filter(pk=event.pk).values_list("reason", flat=True).first()
    # The time of the last move tells apart two stays in one state, so that pressing twice moves it once.
    since = (seen.since - CLOCK_STEP, seen.since + CLOCK_STEP)
    # What was erased has nothing left that could be taken in.
    waiting = WebhookEvent.objects.filter(pk=seen.pk, state=seen.state, next_attempt_at__range=since)
    moved = waiting.exclude(event_key__startswith=MARK).update(
        state=to,
        reason=f"{DONE[to]}: by {who}: {why}"[:300] if why or to == State.IGNORED else "",
        attempts=0,
        next_attempt_at=Now(),
    )
    if not moved:
        raise EventMovedOn
    # The words stand on the event, where they can be erased; a reason of the product's may quote an id of the platform's.
    word = RULE.match(before or "")
    after = {"state": to.value} | ({"reason_characters": len(why)} if why else {})
    audit.record(by, action, event, before={"state": seen.state, "reason": word[1] if word else ""}, after=after)
    transaction.on_commit(live.ring_operations, robust=True)
    event.refresh_from_db(fields=["state", "reason", "attempts", "next_attempt_at"])
    return event
