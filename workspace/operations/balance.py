"""The ingestion balance: each event that was acknowledged and kept, and what became of it, account by account.

A received event is a row; a stored one is a row whose effect is in the record. The two are counted apart, so that a
difference means what it says: something was acknowledged and is not there. (What was acknowledged and never became a row is
nothing that rows can tell: the alert AcknowledgedNotStored counts the door's own answers.)
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from conversations.models import Message
from integrations.models import PlatformAccount, WebhookEvent
from workspace.operations.filters import Filters, sole_accounts

State = WebhookEvent.State
TERMS = {
    "stored": State.INGESTED,
    "ignored": State.IGNORED,
    "refused": State.CONFLICT,
    "quarantined": State.QUARANTINED,
    "dead": State.DEAD,
    "waiting": State.RECEIVED,
}
KINDS = {"quarantined": "warn", "refused": "warn", "dead": "danger"}
Place = tuple[int | None, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One number of a line and the way to its rows. ``kind`` is warn or danger where it asks for eyes."""

    key: str
    label: str
    number: int
    url: str
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One account's balance, or everybody's."""

    title: str
    platform: str
    received: Term
    terms: list[Term]
    is_total: bool = False

    @property
    def difference(self) -> int:
        """What was received and is in none of the ends; 0 is how it must be."""
        return self.received.number - sum(term.number for term in self.terms)


def labels() -> dict[str, str]:
    """What the terms are called, in their order."""
    return {
        "stored": _("stored"),
        "ignored": _("ignored"),
        "refused": _("refused"),
        "quarantined": _("quarantined"),
        "dead": _("given up"),
        "waiting": _("waiting"),
    }


def read(filters: Filters, *, now: datetime) -> list[Line]:
    """The total's line, then a line for each account, the busiest first; in 3 queries, however many events there are."""
    events = filters.events(now).order_by()
    accounts = {account.pk: account for account in PlatformAccount.objects.defer("secrets")}
    sole = sole_accounts(accounts.values())
    counted: dict[Place, Counter[str]] = defaultdict(Counter)
    found = events.values_list("account_id_hint", "source", "state").annotate(number=Count("pk"))
    for account_id, source, state, number in found:
        counted[_place(account_id, source, sole)][state] += number
    missing: Counter[Place] = Counter()
    for account_id, source, number in _without_effect(events):
        missing[_place(account_id, source, sole)] += number
    total = _line(filters, _("All accounts"), "", sum(counted.values(), Counter()), missing.total(), is_total=True)
    lines = [
        _line(_narrowed(filters, place), *_named(place, accounts), states, missing[place])
        for place, states in counted.items()
    ]
    return [total, *sorted(lines, key=lambda line: (-line.received.number, line.title))]


def _without_effect(events: QuerySet[WebhookEvent]) -> Iterable[tuple[int | None, str, int]]:
    """Events that say they became a message which is not in the record: account, source, and how many."""
    absent = ~Exists(Message.objects.filter(pk=OuterRef("message_id")))
    stored = events.filter(absent, state=State.INGESTED, message_id__isnull=False)
    return stored.values_list("account_id_hint", "source").annotate(number=Count("pk"))


def _place(account_id: int | None, source: str, sole: dict[str, int]) -> Place:
    """An account, or the app's key where nothing tells the account."""
    account_id = account_id if account_id is not None else sole.get(source)
    return (account_id, "") if account_id is not None else (None, source)


def _narrowed(filters: Filters, place: Place) -> Filters:
    account, source = place
    return Filters(period=filters.period, account=account, source=source)


def _named(place: Place, accounts: dict[int, PlatformAccount]) -> tuple[str, str]:
    account_id, source = place
    platform, _separator, key = source.partition(":")
    if account_id is not None:
        account = accounts.get(account_id)
        return (account.name, account.platform) if account else (_("Removed account"), "")
    names = _names_of(source, accounts.values())
    if names:
        return _("%(names)s: account not known yet") % {"names": ", ".join(names)}, platform
    return _("No account (%(key)s)") % {"key": key}, platform


def _names_of(source: str, accounts: Iterable[PlatformAccount]) -> list[str]:
    return sorted(account.name for account in accounts if account.source == source)


def _line(
    filters: Filters, title: str, platform: str, states: "Counter[str]", missing: int, *, is_total: bool = False
) -> Line:
    return Line(
        title=title,
        platform=platform,
        received=Term(key="received", label=_("received"), number=states.total(), url=rows_url(filters)),
        terms=list(_terms(filters, states, missing)),
        is_total=is_total,
    )


def _terms(filters: Filters, states: "Counter[str]", missing: int) -> Iterator[Term]:
    for key, label in labels().items():
        number = states[TERMS[key]] - (missing if key == "stored" else 0)
        kind = KINDS.get(key, "") if number else ""
        yield Term(key=key, label=label, number=number, url=rows_url(filters.showing(key)), kind=kind)


def rows_url(filters: Filters) -> str:
    """The address of the events that a number counts."""
    query = filters.query()
    return reverse("operations-events") + (f"?{query}" if query else "")
