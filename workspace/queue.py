"""The queue: its views, their counts, and the rows of a page. One computed order for what waits for people."""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.db import models
from django.db.models import Count, Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.translation import gettext as _

from conversations.models import Conversation, Delivery, Escalation, Promise
from core.clock import now_plus
from core.models import User
from core.text import clean_text
from workspace import wording
from workspace.models import Draft
from workspace.wording import Chip

PAGE = 50
MOST_ROWS = 500
COUNT_LIMIT = 1000
SOON = timedelta(minutes=15)
LONGEST_QUERY = 100


class QueueView(models.TextChoices):
    """What the queue shows. The first five hold what people answer, in the computed order; the others, newest first."""

    UNCLAIMED = "unclaimed", "Unclaimed"
    MINE = "mine", "Mine"
    BREACHING = "breaching", "Late or due soon"
    WAITING = "waiting", "Waiting on customer"
    COLLEAGUES = "colleagues", "With colleagues"
    BOT = "bot", "Bot-owned"
    FAILED = "failed", "Failed deliveries"
    CLOSED = "closed", "Closed"
    ALL = "all", "Everything"


ESCALATED = (QueueView.UNCLAIMED, QueueView.MINE, QueueView.BREACHING, QueueView.WAITING, QueueView.COLLEAGUES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What the address asks for: the view, the words searched for, how many rows, and after which row."""

    view: QueueView = QueueView.UNCLAIMED
    query: str = ""
    limit: int = PAGE
    after: str = ""

    @classmethod
    def read(cls, given: dict[str, str]) -> "Filters":
        """From an address; what is not understood is taken as not given."""
        view, limit = given.get("view", ""), given.get("limit", "")
        return cls(
            view=QueueView(view) if view in QueueView.values else QueueView.UNCLAIMED,
            query=clean_text(given.get("q", "")).strip()[:LONGEST_QUERY],
            limit=min(max(int(limit), PAGE), MOST_ROWS)
            if limit.isascii() and limit.isdigit() and len(limit) < 6
            else PAGE,
            after=given.get("after", ""),
        )

    @property
    def suffix(self) -> str:
        """The filters as the end of an address."""
        return self.with_values()

    def with_values(self, **values: str | int) -> str:
        """The end of an address with these values added or replaced."""
        given: dict[str, str | int] = {"view": self.view.value, **({"q": self.query} if self.query else {}), **values}
        return "?" + urlencode(given)


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewLink:
    """One entry of the list of views."""

    view: QueueView
    label: str
    url: str
    count: str
    is_open: bool
    is_pressing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One conversation in the queue."""

    public_id: str
    version: int
    url: str
    name: str
    initials: str
    hue: int
    platform: str
    channel: str
    line: str
    when: str
    why: list[str]
    chips: list[Chip]
    mood: Chip | None
    owner: str
    is_urgent: bool
    is_waiting: bool
    has_draft: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some rows. ``more_url`` shows more; it adds rows below where ``more_is_added``, else it shows the list anew."""

    rows: list[Row]
    more_url: str = ""
    more_is_added: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Marked:
    """Which of some conversations have unsent words of the person, and which a promise that is late."""

    drafted: set[int]
    late: set[int]


def views_with_counts(who: User, filters: Filters) -> list[ViewLink]:
    """The views with how much is in each, as of now. Counts beyond COUNT_LIMIT are not counted out."""
    live = Escalation.objects.live().visible_to(who)
    counted: dict[str, int] = live.aggregate(
        **{view.value: Count("pk", filter=_condition(view, who)) for view in ESCALATED}
    )
    visible = Conversation.objects.visible_to(who)
    counted["bot"] = visible.filter(mode=Conversation.Mode.BOT).order_by()[:COUNT_LIMIT].count()
    counted["failed"] = visible.filter(pk__in=_with_stuck_deliveries()).order_by()[:COUNT_LIMIT].count()
    return [
        ViewLink(
            view=view,
            label=_(view.label),
            url=reverse("workspace") + Filters(view=view, query=filters.query).suffix,
            count=_count_words(counted.get(view.value)),
            is_open=view == filters.view,
            is_pressing=view in {QueueView.BREACHING, QueueView.FAILED} and bool(counted.get(view.value)),
        )
        for view in QueueView
        if view is not QueueView.ALL or filters.view is QueueView.ALL or filters.query
    ]


def page(who: User, filters: Filters) -> Page:
    """The rows that the filters ask for."""
    if filters.view in ESCALATED:
        return _page_in_queue_order(who, filters)
    return _page_by_recency(who, filters)


def _condition(view: QueueView, who: User) -> Q:
    match view:
        case QueueView.UNCLAIMED:
            return Q(state=Escalation.State.OPEN) & (Q(snoozed_until=None) | Q(snoozed_until__lte=Now()))
        case QueueView.MINE:
            return Q(conversation__assignee=who)
        case QueueView.BREACHING:
            return Q(due_at__lte=now_plus(SOON))
        case QueueView.WAITING:
            return Q(conversation__waiting_since=None)
        case _:
            return Q(conversation__assignee__isnull=False) & ~Q(conversation__assignee=who)


def _page_in_queue_order(who: User, filters: Filters) -> Page:
    found = Escalation.objects.live().visible_to(who).filter(_condition(filters.view, who))
    if filters.query:
        found = found.filter(_search(filters.query, prefix="conversation__"))
    ordered = found.in_queue_order().select_related("conversation__customer", "conversation__assignee")
    escalations = list(ordered[: filters.limit + 1])
    shown = escalations[: filters.limit]
    marked = _marked(who, [each.conversation_id for each in shown])
    rows = [_row(each.conversation, each, filters, marked) for each in shown]
    has_more = len(escalations) > filters.limit and filters.limit < MOST_ROWS
    return Page(rows=rows, more_url=_queue_url(filters, limit=filters.limit + PAGE) if has_more else "")


def _page_by_recency(who: User, filters: Filters) -> Page:
    found = Conversation.objects.visible_to(who)
    if filters.view is QueueView.BOT:
        found = found.filter(mode=Conversation.Mode.BOT)
    elif filters.view is QueueView.CLOSED:
        found = found.filter(mode=Conversation.Mode.CLOSED)
    elif filters.view is QueueView.FAILED:
        found = found.filter(pk__in=_with_stuck_deliveries())
    if filters.query:
        found = found.filter(_search(filters.query))
    found = found.filter(last_message_at__isnull=False)
    cursor = _read_cursor(filters.after)
    if cursor is not None:
        moment, pk = cursor
        found = found.filter(Q(last_message_at__lt=moment) | Q(last_message_at=moment, pk__lt=pk))
    ordered = found.select_related("customer", "assignee").order_by("-last_message_at", "-id")
    conversations = list(ordered[: filters.limit + 1])
    shown = conversations[: filters.limit]
    keys = [each.pk for each in shown]
    live = {each.conversation_id: each for each in Escalation.objects.live().filter(conversation__in=keys)}
    marked = _marked(who, keys)
    rows = [_row(each, live.get(each.pk), filters, marked) for each in shown]
    more_url = _queue_url(filters, after=_cursor(shown[-1])) if len(conversations) > filters.limit else ""
    return Page(rows=rows, more_url=more_url, more_is_added=True)


def _queue_url(filters: Filters, **values: str | int) -> str:
    return reverse("workspace-rows" if "after" in values else "workspace-queue") + filters.with_values(**values)


def _with_stuck_deliveries() -> models.QuerySet[Delivery, int]:
    return Delivery.objects.filter(state__in=Delivery.STUCK).order_by().values_list("conversation_id", flat=True)


def _marked(who: User, conversations: list[int]) -> _Marked:
    drafts = Draft.objects.filter(user=who, conversation__in=conversations).exclude(text="")
    promises = Promise.objects.late().filter(conversation__in=conversations)
    return _Marked(
        drafted=set(drafts.values_list("conversation_id", flat=True)),
        late=set(promises.values_list("conversation_id", flat=True)),
    )


def _search(query: str, *, prefix: str = "") -> Q:
    fields = ("customer__name", "customer__username", "last_customer_line", "subject")
    found = Q()
    for field in fields:
        found |= Q(**{f"{prefix}{field}__icontains": query})
    return found


def _row(conversation: Conversation, escalation: Escalation | None, filters: Filters, marked: _Marked) -> Row:
    customer = conversation.customer
    waiting = conversation.waiting_since is not None
    owner = conversation.assignee
    return Row(
        public_id=str(conversation.public_id),
        version=conversation.version,
        url=reverse("workspace-conversation", args=[conversation.public_id]) + filters.suffix,
        name=customer.display_name,
        initials=wording.initials(customer.display_name),
        hue=wording.hue(customer.pk),
        platform=conversation.platform,
        channel=wording.channel_name(conversation.platform),
        line=conversation.last_customer_line,
        when=wording.ago(conversation.last_message_at),
        why=wording.why_here(conversation, escalation),
        chips=_chips(conversation, escalation, marked),
        mood=wording.mood(conversation.last_sentiment),
        owner=owner.display_name if owner is not None else "",
        is_urgent=escalation is not None and escalation.priority in {"first", "high"},
        is_waiting=waiting and conversation.mode == Conversation.Mode.HUMAN,
        has_draft=conversation.pk in marked.drafted,
    )


def _chips(conversation: Conversation, escalation: Escalation | None, marked: _Marked) -> list[Chip]:
    chips = [wording.due_chip(escalation), wording.promise_chip(is_late=conversation.pk in marked.late)]
    if conversation.last_intent:
        chips.append(Chip(text=wording.humanise(conversation.last_intent), icon="tag"))
    return [chip for chip in chips if chip is not None]


def _count_words(count: int | None) -> str:
    if not count:
        return ""
    return f"{COUNT_LIMIT - 1}+" if count >= COUNT_LIMIT else str(count)


def _cursor(conversation: Conversation) -> str:
    assert conversation.last_message_at is not None  # noqa: S101  (rows without a message are not listed)
    place = json.dumps([conversation.last_message_at.isoformat(), conversation.pk])
    return base64.urlsafe_b64encode(place.encode()).decode()


def _read_cursor(cursor: str) -> tuple[datetime, int] | None:
    """The place after which to go on; None for the beginning, also where the cursor is nonsense."""
    try:
        moment, pk = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        place = datetime.fromisoformat(moment), int(pk)
    except (ValueError, TypeError, binascii.Error):
        return None
    return place if place[0].tzinfo is not None and 0 <= place[1] < 2**63 else None
