"""What the record says about each promise, over the last hour. Every figure here has an alert in deploy/alerts.yml."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, F, Min, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from agent.llm import spend
from agent.models import AgentRun, SpendLedger
from conversations.models import Conversation, Delivery, DeliveryAttempt, Escalation, Message, Restoration
from conversations.types import ReasonCategory, SendOutcome
from core.models import AuditEvent, WorkerHeartbeat
from integrations.models import PlatformAccount, WebhookEvent
from workspace.models import DrillRun

RECENT = timedelta(hours=1)
# What was begun when the conversation became people's may be on its way for a moment, where nobody named it.
CLAIM_SECONDS = 5
# More than a few are told as so many.
MOST_VIOLATIONS = 500
CALL, CONVERSATION = Escalation._meta.label_lower, Conversation._meta.label_lower
TAKING_OVER = ("conversation.take_over", "conversation.reply")
ALIVE_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """The longest waits, in seconds; 0 where nothing waits."""

    event: float
    unasked: float
    message: float
    send: float
    unknown: float
    review: float


def waits() -> Waits:
    """How long the oldest of each kind has waited; 3 queries."""
    events = (
        WebhookEvent.objects.to_ingest()
        .with_unasked()
        .aggregate(
            event=Min("received_at", filter=Q(is_unasked=False)), unasked=Min("received_at", filter=Q(is_unasked=True))
        )
    )
    message = Message.objects.filter(disposition=Message.Disposition.UNDECIDED)
    deliveries = Delivery.objects.filter(state__in=[*Delivery.MOVING, Delivery.State.NEEDS_REVIEW]).aggregate(
        send=Min("created_at", filter=Q(state__in=[Delivery.State.PENDING, Delivery.State.RETRY_WAIT])),
        unknown=Min("unknown_since", filter=Q(state=Delivery.State.UNKNOWN)),
        review=Min("created_at", filter=Q(state=Delivery.State.NEEDS_REVIEW)),
    )
    return Waits(
        event=_age(events["event"]),
        unasked=_age(events["unasked"]),
        message=_age(message.aggregate(at=Min("created_at"))["at"]),
        send=_age(deliveries["send"]),
        unknown=_age(deliveries["unknown"]),
        review=_age(deliveries["review"]),
    )


def events_without_effect() -> int:
    """Events said to be taken in whose message is not in the record. Must be 0."""
    absent = ~Exists(Message.objects.filter(pk=OuterRef("message_id")))
    events = WebhookEvent.objects.filter(received_at__gte=_hour(), state=WebhookEvent.State.INGESTED)
    return events.filter(absent, message_id__isnull=False).count()


def takeover_violations() -> int:
    """Attempts at sending the bot's words that began while people had the conversation. Must be 0.

    Where a person stepped in, what was on its way just then is named, and nothing else may begin after it. Where nobody
    did, because the bot called for people or a colleague wrote in the platform's own app, CLAIM_SECONDS may pass.
    """
    live = Escalation.objects.filter(
        Q(closed_at=None) | Q(closed_at__gt=OuterRef("started_at")),
        conversation=OuterRef("delivery__conversation"),
        created_at__lt=OuterRef("started_at"),
    )
    meanwhile = _attempts_of_the_bot().filter(Exists(live))
    call = Subquery(live.order_by("created_at").values("pk")[:1])
    begun = list(meanwhile.annotate(call=call).values_list("started_at", "delivery_id", "call")[:MOST_VIOLATIONS])
    calls = Escalation.objects.in_bulk({call for *_, call in begun})
    stepped_in = _stepped_in(list(calls.values()))
    return sum(
        started_at - calls[call].created_at > timedelta(seconds=CLAIM_SECONDS)
        or any(at < started_at and delivery not in on_its_way for at, on_its_way in stepped_in[call])
        for started_at, delivery, call in begun
    )


def _stepped_in(calls: Sequence[Escalation]) -> dict[int, list[tuple[datetime, list[int]]]]:
    """When people stepped in during each call for them, and which deliveries of the bot were on their way just then."""
    found: dict[int, list[tuple[datetime, list[int]]]] = {call.pk: [] for call in calls}
    targets: dict[tuple[str, str], list[Escalation]] = {}
    for call in calls:
        targets.setdefault((CALL, str(call.pk)), []).append(call)
        targets.setdefault((CONVERSATION, str(call.conversation_id)), []).append(call)
    deeds = Q(target_kind=CALL, action="escalation.claim") | Q(target_kind=CONVERSATION, action__in=TAKING_OVER)
    events = AuditEvent.objects.filter(deeds, target_id__in={target for _, target in targets}) if calls else []
    for event in events:
        for call in targets.get((event.target_kind, event.target_id), []):
            # Whoever answers by the API and lets the bot go on takes nothing over, and names nothing.
            if event.at >= call.created_at and "in_flight" in event.after:
                found[call.pk].append((event.at, event.after["in_flight"]))
    return found


def deliveries_sent_twice() -> int:
    """Replies that a platform took twice within the hour. Must be 0.

    Not counted are accounts whose platform knows a repetition by its key, or where sending again in doubt was chosen.
    """
    may_repeat = PlatformAccount.objects.filter(Q(honours_key=True) | Q(resend_when_unsure=True)).values("pk")
    taken = DeliveryAttempt.objects.filter(started_at__gte=_hour(), outcome=SendOutcome.OK.value).order_by()
    twice = taken.values("delivery").annotate(times=Count("pk")).filter(times__gt=1)
    return Delivery.objects.filter(pk__in=twice.values("delivery")).exclude(account_id__in=may_repeat).count()


def sends_out_of_order() -> int:
    """Attempts at the bot's words that began before an earlier reply of the same conversation. Must be 0."""
    earlier_later = DeliveryAttempt.objects.filter(
        delivery__conversation=OuterRef("delivery__conversation"),
        delivery__author=Delivery.Author.BOT,
        delivery__out_seq__lt=OuterRef("delivery__out_seq"),
        started_at__gt=OuterRef("started_at"),
    )
    return _attempts_of_the_bot().filter(Exists(earlier_later)).count()


def attempts_by_outcome() -> dict[str, int]:
    """Attempts at sending, by how they ended."""
    rows = DeliveryAttempt.objects.filter(started_at__gte=_hour()).order_by()
    found = dict(rows.values_list("outcome").annotate(number=Count("pk")))
    return {outcome.value: 0 for outcome in SendOutcome} | found


def answers_by_kind() -> dict[str, int]:
    """Turns, by how they ended."""
    rows = AgentRun.objects.filter(started_at__gte=_hour()).order_by()
    return dict.fromkeys(AgentRun.State.values, 0) | dict(rows.values_list("state").annotate(number=Count("pk")))


def escalations_by_reason() -> dict[str, int]:
    """Calls for a person, by why."""
    rows = Escalation.objects.filter(created_at__gte=_hour()).order_by()
    return dict.fromkeys(ReasonCategory.values, 0) | dict(rows.values_list("reason").annotate(number=Count("pk")))


def spend_today() -> dict[str, float]:
    """What models cost today in dollars, against the cap; and how many scopes are above theirs by more than one call.

    ``accounts_near`` have used four fifths of theirs.
    """
    today = SpendLedger.objects.filter(day=timezone.now().date())
    whole = today.filter(scope=spend.GLOBAL).first() or SpendLedger(cap=0)
    found = {key: getattr(whole, key) / spend.MICROS for key in ("spent", "reserved", "cap")}
    near = Q(scope__startswith="account:", cap__gt=0, spent__gt=F("cap") / 5 * 4)
    return found | today.aggregate(
        scopes_over=Count("pk", filter=Q(spent__gt=F("cap") + F("dearest_call"))),
        accounts_near=Count("pk", filter=near),
    )


def left_alone() -> dict[str, int]:
    """What processes leave alone because it failed too often, by its name, and how many processes do."""
    found: dict[str, int] = {}
    alive = WorkerHeartbeat.objects.filter(at__gte=timezone.now() - timedelta(seconds=ALIVE_SECONDS))
    for details in alive.values_list("details", flat=True):
        for name in details.get("breakers", []):
            found[str(name)] = found.get(str(name), 0) + 1
    return found


def held_seconds() -> float:
    """How long an account has been silent after a restore, because it was not compared with its platform yet."""
    return _age(Restoration.objects.unfinished().aggregate(at=Min("begun_at"))["at"])


def last_drill_held() -> int | None:
    """1 if the last drill from the page held, 0 if not, None where none has ended."""
    run = DrillRun.objects.exclude(state=DrillRun.State.RUNNING).order_by("-id").first()
    return None if run is None else int(run.state == DrillRun.State.HELD)


def _attempts_of_the_bot() -> QuerySet[DeliveryAttempt]:
    return DeliveryAttempt.objects.filter(started_at__gte=_hour(), delivery__author=Delivery.Author.BOT)


def _hour() -> datetime:
    return timezone.now() - RECENT


def _age(since: datetime | None) -> float:
    return 0.0 if since is None else max(0.0, (timezone.now() - since).total_seconds())
