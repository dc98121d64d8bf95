"""Replies that a person has to decide about: the words, whom they were for, and what is known of each attempt."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch, Q, QuerySet
from django.utils.translation import gettext as _

from conversations.models import Delivery, DeliveryAttempt
from core.text import truncate
from workspace.operations.events import CursorInvalid

PAGE_SIZE = 20
MOST_ATTEMPTS = 12
SHOWN_CHARACTERS = 1200


@dataclass(frozen=True, slots=True, kw_only=True)
class Stuck:
    """One reply. ``in_doubt`` is that it may have arrived; ``url`` leads to its conversation."""

    delivery: Delivery
    customer: str
    url: str
    text: str
    in_doubt: bool
    attempts: list[DeliveryAttempt]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A stretch of the list, newest first."""

    rows: list[Stuck]
    next_cursor: str


def stuck() -> QuerySet[Delivery]:
    """All that wait for a decision."""
    return Delivery.objects.filter(state__in=Delivery.STUCK)


def page(*, state: str = "", cursor: str = "", size: int = PAGE_SIZE) -> Page:
    """Those in ``state`` (needs_review, dead, or both) after ``cursor``; in 2 queries. Raises CursorInvalid."""
    found = stuck().filter(state=state) if state else stuck()
    if cursor:
        found = found.filter(_after(cursor))
    found = found.select_related("message", "conversation__customer").prefetch_related(
        Prefetch("attempt_log", queryset=DeliveryAttempt.objects.order_by("number", "id"))
    )
    items = list(found.order_by("-created_at", "-id")[: size + 1])
    last = items[size - 1] if len(items) > size else None
    return Page(
        rows=[_stuck(item) for item in items[:size]],
        next_cursor=f"{last.created_at.isoformat()}~{last.pk}" if last else "",
    )


def _stuck(delivery: Delivery) -> Stuck:
    conversation = delivery.conversation
    return Stuck(
        delivery=delivery,
        customer=conversation.customer.display_name,
        url=f"/workspace/c/{conversation.public_id}/",
        text=truncate(delivery.message.text, SHOWN_CHARACTERS) or _("A picture"),
        in_doubt=delivery.state == Delivery.State.NEEDS_REVIEW,
        attempts=list(delivery.attempt_log.all())[-MOST_ATTEMPTS:],
    )


def _after(cursor: str) -> Q:
    moment, _separator, key = cursor.partition("~")
    try:
        value, pk = datetime.fromisoformat(moment), int(key)
    except ValueError as error:
        raise CursorInvalid(cursor) from error
    if value.tzinfo is None:
        raise CursorInvalid(cursor)
    return Q(created_at__lte=value) & (Q(created_at__lt=value) | Q(pk__lt=pk))
