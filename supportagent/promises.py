"""What the record says about each promise, over the last hour. Every figure here has an alert in deploy/alerts.yml."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, ExpressionWrapper, F, Min, OuterRef, Q, QuerySet
from django.db.models.fields import DateTimeField
from django.utils import timezone

from agent.models import AgentRun, SpendLedger
from conversations.models import Delivery, DeliveryAttempt, Escalation, Message, Restoration
from conversations.types import ReasonCategory, SendOutcome
from core.models import WorkerHeartbeat
from integrations.models import WebhookEvent
from workspace.models import DrillRun

RECENT = timedelta(hours=1)
# Between a send's claim, which is what takes turns with a taking over, and the clock's reading lies a moment.
CLAIM_SECONDS = 5
ALIVE_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """The longest waits, in seconds; 0 where nothing waits."""

    event: float
    message: float
    send: float
    unknown: float
    review: float


def waits() -> Waits:
    """How long the oldest of each kind has waited; 3 queries."""
    message = Message.objects.filter(disposition=Message.Disposition.UNDECIDED)
    deliveries = Delivery.objects.filter(state__in=[*Delivery.MOVING, Delivery.State.NEEDS_REVIEW]).aggregate(
        send=Min("created_at", filter=Q(state__in=[Delivery.State.PENDING, Delivery.State.RETRY_WAIT])),
        unknown=Min("unknown_since", filter=Q(state=Delivery.State.UNKNOWN)),
        review=Min("created_at", filter=Q(state=Delivery.State.NEEDS_REVIEW)),
    )
    return Waits(
        event=_age(WebhookEvent.objects.to_ingest().aggregate(at=Min("received_at"))["at"]),
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
    """Attempts at sending the bot's words that began while people had the conversation. Must be 0."""
    with_people = Escalation.objects.filter(
        Q(closed_at=None) | Q(closed_at__gt=OuterRef("started_at")),
        conversation=OuterRef("delivery__conversation"),
        created_at__lt=OuterRef("claimed_by"),
    )
    begun = ExpressionWrapper(F("started_at") - timedelta(seconds=CLAIM_SECONDS), output_field=DateTimeField())
    return _attempts_of_the_bot().annotate(claimed_by=begun).filter(Exists(with_people)).count()


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
    """What models cost today in dollars, against the cap; and how many scopes are above theirs."""
    today = SpendLedger.objects.filter(day=timezone.now().date())
    whole = today.filter(scope="global").first() or SpendLedger(cap=0)
    found = {key: getattr(whole, key) / 1_000_000 for key in ("spent", "reserved", "cap")}
    return found | {"scopes_over": today.filter(spent__gt=F("cap")).count()}


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
