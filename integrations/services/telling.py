"""Telling subscribers what happened: facts become one delivery for each subscriber, claimed, posted and settled.

At least once: a process that dies while it posts leaves an event that is posted again under the same id.
"""

import json
import logging
import time
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any

import httpx2
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from conversations import services as conversations
from conversations.models import Conversation, Escalation, Fact, Message
from core import audit, http, live
from core.backoff import with_jitter
from core.clock import database_now, now_plus
from core.exceptions import AnswerTooLong, EgressRefused
from core.text import truncate
from integrations import standard_webhooks
from integrations.models import EventAttempt, EventDelivery, PlatformAccount, Subscription

logger = logging.getLogger(__name__)

State = EventDelivery.State
# After the first attempt: 5 s, 5 min, 30 min, 2, 5, 10, 14, 20 and 24 h, as Standard Webhooks recommends.
RETRY_SECONDS = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
MAX_ATTEMPTS = len(RETRY_SECONDS) + 1
DISABLED_AFTER = timedelta(days=5)
SLOW_DOWN_SECONDS = 60.0
# Where an event fails, none is posted there for as long as nothing has got through, within these bounds.
SHORTEST_REST, LONGEST_REST = timedelta(seconds=5), timedelta(seconds=60)
# What fails for less is an event that is not taken while others are; it is no outage whose end is for all to use.
LEAST_OUTAGE = timedelta(seconds=15)
LONGEST_RETRY_AFTER = 86_400.0
CALL_SECONDS, CONNECT_SECONDS = 15.0, 3.0
LEASE = timedelta(seconds=2 * CALL_SECONDS)
MOST_IN_A_ROW = 50
# A slow subscriber must not keep a thread so long that it looks stuck.
SHIFT_SECONDS = 30.0
MAX_ANSWER = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How one attempt went; ``status`` None where no answer came. ``retry_after`` in seconds."""

    status: int | None
    evidence: str
    retry_after: float | None = None

    @property
    def is_success(self) -> bool:
        """2xx and nothing else."""
        return self.status is not None and 200 <= self.status < 300


@lru_cache(maxsize=1)
def _connections() -> httpx2.Client:
    return http.client(timeout=CALL_SECONDS, connect=CONNECT_SECONDS)


def spread_facts(limit: int = 200) -> int:
    """Turn what happened into deliveries, one for each subscriber that wants it; returns how many facts there were."""
    if not Fact.objects.exists():
        return 0
    with transaction.atomic():
        facts = conversations.take_facts(limit)
        subscribers = list(Subscription.objects.filter(state=Subscription.State.ACTIVE).defer("secrets"))
        EventDelivery.objects.bulk_create(
            EventDelivery(
                subscription=subscriber,
                event_id=fact.public_id,
                kind=fact.kind,
                conversation_id=fact.conversation_id,
                message_id=fact.message_id,
                escalation_id=fact.escalation_id,
                details=fact.details,
                happened_at=fact.created_at,
            )
            for fact in facts
            for subscriber in subscribers
            if fact.kind in subscriber.kinds and fact.created_at >= subscriber.created_at
        )
    return len(facts)


def due_subscriptions(limit: int) -> list[int]:
    """Subscribers that something is due for, the longest waiting first."""
    return list(Subscription.objects.due().values_list("pk", flat=True)[:limit])


def release_expired_events() -> int:
    """Let what a dead process was posting be posted again: its id lets the subscriber know it."""
    expired = EventDelivery.objects.filter(state=State.SENDING, lease_until__lt=Now())
    return expired.update(state=State.WAITING, next_attempt_at=Now(), lease_until=None)


def tell(subscription_pk: int) -> int:
    """Post what is due for one subscriber, oldest first, for half a minute or until one fails; returns how many arrived."""
    ends = time.monotonic() + SHIFT_SECONDS
    for arrived in range(MOST_IN_A_ROW):
        if time.monotonic() > ends:
            return arrived
        claimed = _claim(subscription_pk)
        if claimed is None:
            return arrived
        started_at = timezone.now()
        answer = _post(claimed)
        if not _settle(claimed, answer, started_at=started_at) or not answer.is_success:
            return arrived
    return MOST_IN_A_ROW


def payload(delivery: EventDelivery) -> dict[str, Any]:
    """What the subscriber reads. Made of what does not change, so that each attempt says the same."""
    conversation = Conversation.objects.select_related("customer").filter(pk=delivery.conversation_id).first()
    data: dict[str, Any] = {"conversation": None}
    if conversation is not None:
        accounts = PlatformAccount.objects.filter(pk=conversation.account_id).values_list("public_id", flat=True)
        data["conversation"] = {
            "id": str(conversation.public_id),
            "platform": conversation.platform,
            "account_id": str(accounts.get()),
            "customer_id": str(conversation.customer.public_id),
        }
    if delivery.message_id is not None:
        message = Message.objects.filter(pk=delivery.message_id).first()
        data["message"] = message and {
            "id": str(message.public_id),
            "seq": message.seq,
            "sender": message.sender_type,
            "kind": message.kind,
            "text": message.text,
        }
    if delivery.escalation_id is not None:
        escalation = Escalation.objects.filter(pk=delivery.escalation_id).first()
        data["escalation"] = escalation and {"id": str(escalation.public_id), "reason": escalation.reason}
    happened_at = delivery.happened_at.isoformat(timespec="milliseconds")
    return {"type": delivery.kind, "timestamp": happened_at, "data": data | delivery.details}


def _claim(subscription_pk: int) -> EventDelivery | None:
    """The subscriber's next event with the right to one attempt, or None: nothing is due, or another process has it."""
    due = EventDelivery.objects.due().filter(subscription_id=subscription_pk)
    found = due.select_related("subscription").order_by("id").first()
    if found is None:
        return None
    mine = EventDelivery.objects.filter(pk=found.pk, state=State.WAITING, fence=found.fence)
    if not mine.update(
        state=State.SENDING, fence=F("fence") + 1, attempts=F("attempts") + 1, lease_until=now_plus(LEASE)
    ):
        return None
    found.fence += 1
    found.attempts += 1
    return found


def _post(delivery: EventDelivery) -> Answer:
    body = json.dumps(payload(delivery), ensure_ascii=False).encode("utf-8", "replace")
    secrets = delivery.subscription.secrets
    signed = standard_webhooks.signed(
        (secrets.get("secret", ""), secrets.get("previous_secret", "")),
        id=str(delivery.event_id),
        at=int(time.time()),
        body=body,
    )
    try:
        answer = http.exchange(
            _connections(),
            "POST",
            delivery.subscription.url,
            deadline=time.monotonic() + CALL_SECONDS,
            connect=CONNECT_SECONDS,
            limit=MAX_ANSWER,
            headers={**signed, "Content-Type": "application/json"},
            content=body,
        )
    except AnswerTooLong as error:
        return Answer(status=error.status, evidence=f"HTTP {error.status}, with more words than are read")
    except EgressRefused as refusal:
        return Answer(status=None, evidence=str(refusal))
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        return Answer(status=None, evidence=f"No whole answer came ({type(error).__name__}).")
    asked = answer.headers.get("retry-after", "").strip()
    pause = float(asked) if asked.isascii() and asked.isdigit() and len(asked) < 10 else None
    return Answer(status=answer.status, evidence=f"HTTP {answer.status}", retry_after=pause)


@transaction.atomic
def _settle(claimed: EventDelivery, answer: Answer, *, started_at: Any) -> bool:
    """Write the end of an attempt; False if the claim had been lost meanwhile, and then only the log grows."""
    subscription = Subscription.objects.select_for_update().get(pk=claimed.subscription_id)
    EventAttempt.objects.create(
        delivery=claimed,
        number=claimed.attempts,
        started_at=started_at,
        http_status=answer.status,
        evidence=truncate(answer.evidence, 300),
    )
    mine = EventDelivery.objects.filter(pk=claimed.pk, state=State.SENDING, fence=claimed.fence)
    if answer.is_success:
        settled = mine.update(state=State.DELIVERED, delivered_at=Now(), lease_until=None, reason="")
        if settled and (subscription.failing_since or subscription.paused_until):
            _wake(subscription)
            subscription.failing_since = subscription.paused_until = None
            subscription.save(update_fields=["failing_since", "paused_until"])
        return bool(settled)
    if answer.status == 410 or claimed.attempts >= MAX_ATTEMPTS:
        reason = f"Given up after {claimed.attempts} attempts: {answer.evidence}"
        settled = mine.update(state=State.FAILED, lease_until=None, reason=truncate(reason, 300))
    else:
        pause = _pause(claimed, answer)
        settled = mine.update(
            state=State.WAITING,
            lease_until=None,
            reason=truncate(answer.evidence, 300),
            next_attempt_at=now_plus(timedelta(seconds=pause)),
        )
    _note_failure(subscription, answer)
    return bool(settled)


def _pause(claimed: EventDelivery, answer: Answer) -> float:
    scheduled = with_jitter(RETRY_SECONDS[claimed.attempts - 1])
    return max(scheduled, min(answer.retry_after or 0.0, LONGEST_RETRY_AFTER))


def _wake(subscription: Subscription) -> None:
    """An outage is over: post what failed in it now. The last attempt keeps its own time, which was meant for the worst."""
    failing_since = subscription.failing_since
    if failing_since is None or database_now() - failing_since < LEAST_OUTAGE:
        return
    later = EventDelivery.objects.filter(subscription=subscription, state=State.WAITING, next_attempt_at__gt=Now())
    later.filter(attempts__lt=MAX_ATTEMPTS - 1).update(next_attempt_at=Now())


def _note_failure(subscription: Subscription, answer: Answer) -> None:
    """Rest, slow down where that is asked for, and stop where nothing gets through for days, or the address is gone."""
    now = database_now()
    subscription.failing_since = subscription.failing_since or now
    rest = min(max(now - subscription.failing_since, SHORTEST_REST), LONGEST_REST)
    if answer.status in {429, 502, 504}:
        pause = max(SLOW_DOWN_SECONDS, min(answer.retry_after or 0.0, LONGEST_RETRY_AFTER))
        rest = max(rest, timedelta(seconds=pause))
    subscription.paused_until = max(subscription.paused_until or now, now + rest)
    is_gone = answer.status == 410
    if subscription.state == Subscription.State.ACTIVE and (
        is_gone or now - subscription.failing_since >= DISABLED_AFTER
    ):
        subscription.state = Subscription.State.DISABLED
        subscription.state_reason = (
            "The address says that it is gone for good (HTTP 410)."
            if is_gone
            else f"Nothing got through for {DISABLED_AFTER.days} days: {truncate(answer.evidence, 200)}"
        )
        audit.record(None, "subscription.disabled", subscription, reason=subscription.state_reason)
        logger.error("Subscription %d is told nothing any more: %s", subscription.pk, subscription.state_reason)
    subscription.save(update_fields=["state", "state_reason", "failing_since", "paused_until"])
    transaction.on_commit(live.ring_operations, robust=True)
