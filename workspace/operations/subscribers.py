"""Who is told what happens, and how that goes: subscribers with their counts, and the log of one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Prefetch, Q

from integrations.models import EventAttempt, EventDelivery, Subscription
from workspace.operations.events import CursorInvalid

PAGE_SIZE = 25
KINDS = {"waiting": "", "sending": "", "delivered": "ok", "failed": "danger"}
STATES = {Subscription.State.ACTIVE: "ok", Subscription.State.DISABLED: "danger", Subscription.State.REMOVED: ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """One subscription and how many of its events stand where. ``kind`` colours its state."""

    subscription: Subscription
    waiting: int
    failed: int
    kind: str

    @property
    def is_removed(self) -> bool:
        """Whether nothing can be done with it any more."""
        return self.subscription.state == Subscription.State.REMOVED

    @property
    def is_active(self) -> bool:
        """Whether it is told."""
        return self.subscription.state == Subscription.State.ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One event on its way. ``kind`` colours its state."""

    delivery: EventDelivery
    attempts: list[EventAttempt]
    kind: str

    @property
    def has_ended(self) -> bool:
        """Whether it can be sent once more."""
        return self.delivery.state in {EventDelivery.State.DELIVERED, EventDelivery.State.FAILED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A stretch of the log, newest first."""

    rows: list[Row]
    next_cursor: str


def everyone() -> list[Subscriber]:
    """All of them, in two queries."""
    counts: dict[int, Mapping[str, Any]] = {
        row["subscription"]: row
        for row in EventDelivery.objects.filter(state__in=["waiting", "sending", "failed"])
        .values("subscription")
        .annotate(waiting=Count("pk", filter=~Q(state="failed")), failed=Count("pk", filter=Q(state="failed")))
        .order_by()
    }
    return [_subscriber(each, counts.get(each.pk, {})) for each in Subscription.objects.defer("secrets")]


def one(subscription: Subscription) -> Subscriber:
    """One of them."""
    counts = subscription.deliveries.aggregate(
        waiting=Count("pk", filter=Q(state__in=["waiting", "sending"])), failed=Count("pk", filter=Q(state="failed"))
    )
    return _subscriber(subscription, counts)


def log(subscription: Subscription, *, cursor: str = "", size: int = PAGE_SIZE) -> Page:
    """The events of one, after ``cursor``; in 2 queries. Raises CursorInvalid."""
    found = subscription.deliveries.order_by("-id")
    if cursor:
        if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= 18):
            raise CursorInvalid(cursor)
        found = found.filter(pk__lt=int(cursor))
    attempts = Prefetch("attempt_log", queryset=EventAttempt.objects.order_by("id"))
    items = list(found.prefetch_related(attempts)[: size + 1])
    rows = [Row(delivery=each, attempts=list(each.attempt_log.all()), kind=KINDS[each.state]) for each in items[:size]]
    return Page(rows=rows, next_cursor=str(items[size - 1].pk) if len(items) > size else "")


def _subscriber(subscription: Subscription, counts: Mapping[str, Any]) -> Subscriber:
    return Subscriber(
        subscription=subscription,
        waiting=counts.get("waiting", 0),
        failed=counts.get("failed", 0),
        kind=STATES[Subscription.State(subscription.state)],
    )
