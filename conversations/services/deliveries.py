"""Sending: claimed by a fence and a lease, settled once, and never sent again while it is not known whether it arrived."""

from datetime import datetime, timedelta
from typing import Any, Literal

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from conversations.exceptions import DeliveryNotDecidable
from conversations.models import Conversation, Delivery, DeliveryAttempt, Escalation, Message
from conversations.services.announce import announce, lock, save
from conversations.services.echoes import arrived, note_arrival
from conversations.services.handover import HANDOVER_FIELDS, disown_answers, hand_to_people
from conversations.services.notes import note_reason
from conversations.services.sends import (
    delivery_by_key,
    first_moving,
    mark_sending,
    mark_sent,
)
from conversations.types import (
    ClaimedDelivery,
    Priority,
    ReasonCategory,
    SendOutcome,
    SendResult,
    Settled,
    UnknownDelivery,
)
from core import audit, rows
from core.backoff import with_jitter
from core.clock import database_now, now_plus
from core.models import ApiKey, User
from core.policy import Action, require
from core.text import truncate
from core.transactions import retried

MAX_ATTEMPTS = 12
RETRY_SECONDS = (1, 5, 30, 120, 600, 1800, 3600, 7200, 14400, 21600, 28800)
REAUTH_SECONDS = 60

Decision = Literal["arrived", "send_again", "drop"]
Verdict = Literal["arrived", "absent", "unreadable"]
NOTED: dict[Decision, str] = {"arrived": "It arrived", "send_again": "Sent again", "drop": "Dropped"}


def lease() -> timedelta:
    """How long an attempt is its claimer's; after it nobody knows whether it arrived."""
    return timedelta(seconds=settings.SEND_LEASE_SECONDS)


@transaction.atomic(savepoint=False)
def claim_delivery(conversation_id: int) -> ClaimedDelivery | None:
    """Claim the next message of a conversation to send, or None: nothing is due, or it is somebody else's.

    The conversation's row is held, so that a claim and a person's taking over happen one after the other. What the
    platform's window would refuse is given up here, before anybody writes in vain.
    """
    conversation = lock(conversation_id, with_customer=True)
    delivery = _first_in_line(conversation)
    if delivery is None or delivery.next_attempt_at > delivery.now:
        return None
    problem = conversation.window_problem
    if delivery.expires_at <= delivery.now:
        problem = "It could not be sent for 24 hours."
    elif delivery.attempts >= MAX_ATTEMPTS:
        problem = f"It failed {MAX_ATTEMPTS} times."
    if problem:
        give_up_delivery(conversation, delivery, problem)
        return None
    delivery.fence += 1
    delivery.attempts += 1
    mark_sending(delivery.pk, delivery.fence, delivery.attempts, lease())
    if delivery.author == Delivery.Author.HUMAN or delivery.attempts > 1:
        # What the product says for the first time has mostly arrived before a screen could show that it is being sent.
        save(conversation)
        announce(conversation)
    return ClaimedDelivery(
        delivery_id=delivery.pk,
        out_seq=delivery.out_seq,
        message_pk=delivery.message_id,
        conversation_id=conversation.pk,
        account_id=conversation.account_id,
        platform=conversation.platform,
        thread_key=conversation.thread_key,
        customer_id=conversation.customer.external_id,
        author=delivery.author,
        text=delivery.message.text,
        idem_key=delivery.idem_key,
        fence=delivery.fence,
        attempt=delivery.attempts,
        message_id=str(delivery.message.public_id),
        in_reply_to=delivery.earlier_id or "",
        reply_to=delivery.message.reply_to,
        attachment_path=default_storage.path(delivery.file_name) if delivery.file_name else "",
        request_id=delivery.message.request_id,
    )


def _first_in_line(conversation: Conversation) -> Any | None:
    """What a locked conversation has to send next (``first_moving``); None where that is nothing, on its way, or held up.

    ``DeliveryQuerySet.head_of_line`` says the same of many conversations at once.
    """
    first = first_moving.first(conversation.pk, conversation.unblocked_out_seq)
    if first is None or first.state not in Delivery.WAITING:
        return None
    if first.author == Delivery.Author.BOT:
        stuck = first.is_behind_stuck
        if conversation.mode != Conversation.Mode.BOT or stuck:
            return None
    return first


def defer_delivery(conversation_id: int, *, seconds: float) -> None:
    """Try the conversation's waiting messages again in ``seconds``; no attempt is counted."""
    later = now_plus(timedelta(seconds=seconds))
    Delivery.objects.waiting().filter(conversation_id=conversation_id, next_attempt_at__lt=later).update(
        next_attempt_at=later
    )


def wake_deliveries(account_id: int) -> int:
    """Try an account's waiting messages now, whatever they waited for; returns how many."""
    later = Delivery.objects.waiting().filter(account_id=account_id, next_attempt_at__gt=Now())
    return later.update(next_attempt_at=Now())


@retried
def settle_delivery(claimed: ClaimedDelivery, result: SendResult, *, started_at: datetime) -> Settled | None:
    """Write the end of an attempt; None if the claim had been lost meanwhile, and then nothing changes but the log."""
    conversation = lock(claimed.conversation_id)
    rows.insert(
        DeliveryAttempt(
            delivery_id=claimed.delivery_id,
            number=claimed.attempt,
            started_at=started_at,
            outcome=result.outcome.value,
            http_status=result.http_status,
            evidence=truncate(result.evidence, 300),
        )
    )
    if result.outcome is SendOutcome.OK:
        if not mark_sent(claimed.delivery_id, claimed.fence, timezone.now(), result.platform_message_id):
            return None
        note_arrival(
            conversation,
            message_id=claimed.message_pk,
            author=claimed.author,
            platform_message_id=result.platform_message_id,
        )
        announce(conversation)
        return Settled(may_go_on=conversation.out_seq > claimed.out_seq)
    delivery = delivery_by_key.one(claimed.delivery_id)
    if delivery.state != Delivery.State.SENDING or delivery.fence != claimed.fence:
        return None
    match result.outcome:
        case SendOutcome.REFUSED:
            give_up_delivery(conversation, delivery, result.evidence or "The platform refused it.")
        case SendOutcome.RETRY if not result.is_counted:
            delivery.attempts = max(0, delivery.attempts - 1)
            _wait(conversation, delivery, seconds=result.retry_after or 0.0, reason=result.evidence)
        case SendOutcome.RETRY:
            _wait(conversation, delivery, at_least=result.retry_after or 0.0, reason=result.evidence)
        case SendOutcome.REAUTH:
            delivery.attempts = max(0, delivery.attempts - 1)
            _wait(conversation, delivery, seconds=REAUTH_SECONDS, reason=result.evidence)
        case SendOutcome.AMBIGUOUS:
            if delivery.echo_message_id:
                arrived(conversation, delivery, platform_message_id=delivery.echo_message_id)
            else:
                _doubt(conversation, delivery, result.evidence)
    # No bell for what comes next: whoever settles goes on until nothing is due.
    announce(conversation)
    return Settled(may_go_on=True)


def _wait(
    conversation: Conversation,
    delivery: Delivery,
    *,
    reason: str,
    seconds: float | None = None,
    at_least: float = 0.0,
) -> None:
    """Try again in ``seconds``; where none are given when the schedule says so, and not before ``at_least`` seconds.

    A platform that asks for a few seconds each time must not use up all attempts within a minute.
    """
    if delivery.author == Delivery.Author.BOT and not conversation.is_with_bot:
        _withdraw(conversation, delivery)
        return
    if delivery.attempts >= MAX_ATTEMPTS:
        give_up_delivery(conversation, delivery, f"It failed {MAX_ATTEMPTS} times. {reason}")
        return
    if seconds is None:
        seconds = max(with_jitter(RETRY_SECONDS[max(0, delivery.attempts - 1)]), at_least)
    # What is too old by then is given up, and told to people, when it is too old.
    then = min(database_now() + timedelta(seconds=seconds), delivery.expires_at)
    Delivery.objects.filter(pk=delivery.pk).update(
        state=Delivery.State.RETRY_WAIT,
        attempts=delivery.attempts,
        reason=truncate(reason, 300),
        lease_until=None,
        unknown_since=None,
        next_attempt_at=then,
    )
    save(conversation)


def _withdraw(conversation: Conversation, delivery: Delivery) -> None:
    """The bot's words did not arrive, and meanwhile people took over: they are not tried again, now or after handing back."""
    Delivery.objects.filter(pk=delivery.pk).update(
        state=Delivery.State.CANCELLED, reason="A person answers now.", lease_until=None, unknown_since=None
    )
    disown_answers(conversation, [delivery.pk])
    save(conversation, "waiting_since")


def _doubt(conversation: Conversation, delivery: Delivery, reason: str) -> None:
    Delivery.objects.filter(pk=delivery.pk).update(
        state=Delivery.State.UNKNOWN, lease_until=None, unknown_since=Now(), looks=0, reason=truncate(reason, 300)
    )
    save(conversation)


def give_up_delivery(conversation: Conversation, delivery: Delivery, reason: str) -> None:
    """Give a delivery of a locked conversation up for good, and call a person where the bot's words were lost."""
    _park(conversation, delivery, Delivery.State.DEAD, reason)


def _park(conversation: Conversation, delivery: Delivery, state: Delivery.State, reason: str) -> None:
    Delivery.objects.filter(pk=delivery.pk).update(
        state=state, reason=truncate(reason, 300) or "No reason was given.", lease_until=None, unknown_since=None
    )
    conversation.waiting_since = conversation.waiting_since or delivery.created_at
    if not Escalation.objects.live().filter(conversation=conversation).exists():
        escalation = hand_to_people(
            conversation,
            reason=ReasonCategory.DELIVERY_FAILED,
            detail=f"A message did not reach the customer: {reason}",
            priority=Priority.HIGH,
            suggestion=delivery.message.text,
        )
        if state == Delivery.State.DEAD:
            Message.objects.filter(
                conversation=conversation, disposition=Message.Disposition.ANSWERED, disposition_id=delivery.pk
            ).update(
                disposition=Message.Disposition.HANDED_OVER,
                disposition_id=escalation.pk,
                disposition_reason=escalation.reason,
            )
    save(conversation, *HANDOVER_FIELDS)
    announce(conversation, queued=True)


def release_expired_sends(limit: int = 100) -> int:
    """Sends whose sender died: not known whether they arrived. They never go back to be sent as if nothing was."""
    expired = Delivery.objects.filter(state=Delivery.State.SENDING, lease_until__lt=Now()).order_by("lease_until")
    released = 0
    for pk, conversation_id in expired.values_list("pk", "conversation_id")[:limit]:
        released += _release(pk, conversation_id)
    return released


@retried
def _release(pk: int, conversation_id: int) -> bool:
    conversation = lock(conversation_id)
    delivery = Delivery.objects.filter(pk=pk, state=Delivery.State.SENDING, lease_until__lt=Now()).first()
    if delivery is None:
        return False
    DeliveryAttempt.objects.create(
        delivery=delivery,
        number=delivery.attempts,
        started_at=(delivery.lease_until or timezone.now()) - lease(),
        outcome=SendOutcome.AMBIGUOUS.value,
        evidence="The sending process ended before the platform's answer was recorded.",
    )
    if delivery.echo_message_id:
        arrived(conversation, delivery, platform_message_id=delivery.echo_message_id)
    else:
        _doubt(conversation, delivery, "The sending process ended before the platform's answer was recorded.")
    announce(conversation, queued=True)
    return True


def unknown_deliveries(limit: int = 50) -> list[UnknownDelivery]:
    """Sends to find out about, the longest in doubt first."""
    in_doubt = (
        Delivery.objects.filter(state=Delivery.State.UNKNOWN)
        .select_related("message", "conversation")
        .order_by("unknown_since")
    )
    return [
        UnknownDelivery(
            delivery_id=row.pk,
            conversation_id=row.conversation_id,
            account_id=row.account_id,
            platform=row.conversation.platform,
            thread_key=row.conversation.thread_key,
            text=row.message.text,
            started_at=row.created_at,
            unknown_since=row.unknown_since or row.created_at,
            looks=row.looks,
            request_id=row.message.request_id,
        )
        for row in in_doubt[:limit]
    ]


def count_look(delivery_id: int) -> None:
    """One more look at the platform did not settle it."""
    Delivery.objects.filter(pk=delivery_id, state=Delivery.State.UNKNOWN).update(looks=F("looks") + 1)


@retried
def settle_unknown(
    delivery_id: int, *, verdict: Verdict, platform_message_id: str = "", resend_when_unsure: bool = False
) -> bool:
    """End the doubt: it arrived, it is absent (send it again), or nobody can tell (a person decides)."""
    conversation_id = Delivery.objects.values_list("conversation_id", flat=True).get(pk=delivery_id)
    conversation = lock(conversation_id)
    delivery = Delivery.objects.filter(pk=delivery_id, state=Delivery.State.UNKNOWN).select_related("message").first()
    if delivery is None:
        return False
    if verdict == "arrived":
        arrived(conversation, delivery, platform_message_id=platform_message_id)
    elif verdict == "absent" or resend_when_unsure:
        is_absent = verdict == "absent"
        reason = "The platform does not have it." if is_absent else "Nobody can tell whether it arrived: sent again."
        _wait(conversation, delivery, seconds=0 if is_absent else None, reason=reason)
    else:
        _park(
            conversation,
            delivery,
            Delivery.State.NEEDS_REVIEW,
            "It cannot be known whether it arrived. Look at the platform, then decide.",
        )
    announce(conversation, queued=True)
    return True


@retried
def decide_delivery(
    delivery: Delivery, by: User | ApiKey, decision: Decision, *, reason: str = "", seen_fence: int | None = None
) -> Delivery:
    """A person's decision about a message in doubt or given up.

    ``seen_fence`` is the fence as the person saw it: an attempt made since then is a new case. A reason is kept as a note
    for colleagues. Raises DeliveryNotDecidable, NotAllowed.
    """
    conversation = lock(delivery.conversation_id)
    require(by, Action.DECIDE_DELIVERY, conversation.policy_subject)
    delivery = Delivery.objects.select_related("message").get(pk=delivery.pk)
    if delivery.state not in Delivery.STUCK or seen_fence not in {None, delivery.fence}:
        raise DeliveryNotDecidable
    before = delivery.state
    if decision == "arrived":
        arrived(conversation, delivery, platform_message_id="")
    elif decision == "send_again":
        # A new attempt on a person's word: sent as theirs, so that it goes out although people own the conversation.
        Delivery.objects.filter(pk=delivery.pk).update(
            state=Delivery.State.PENDING,
            author=Delivery.Author.HUMAN,
            attempts=0,
            reason="",
            next_attempt_at=Now(),
            expires_at=now_plus(timedelta(hours=24)),
        )
        save(conversation)
    else:
        Delivery.objects.filter(pk=delivery.pk).update(state=Delivery.State.CANCELLED, reason="Dropped by staff.")
        save(conversation)
    delivery.refresh_from_db()
    noted = note_reason(conversation, f"{NOTED[decision]} (message {delivery.message.seq})", reason, by)
    audit.record(
        by, f"delivery.{decision}", delivery, before={"state": before}, after={"state": delivery.state} | noted
    )
    announce(conversation, queued=True)
    return delivery
