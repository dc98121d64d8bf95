"""What an operator asks about: since when, which account, and which events."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db import models
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from integrations.models import PlatformAccount, WebhookEvent

SET_ASIDE = "set-aside"


class FiltersInvalid(Exception):
    """A filter in the address says nothing that can be looked up; the message names it."""


class Period(models.TextChoices):
    """Since when events are counted."""

    HOUR = "hour", _("Last hour")
    DAY = "24h", _("24 hours")
    WEEK = "7d", _("7 days")
    ALL = "all", _("All kept")


SPANS = {Period.HOUR: timedelta(hours=1), Period.DAY: timedelta(days=1), Period.WEEK: timedelta(days=7)}
STATES: dict[str, tuple[str, ...]] = {
    "": (),
    "stored": (WebhookEvent.State.INGESTED,),
    "ignored": (WebhookEvent.State.IGNORED,),
    "refused": (WebhookEvent.State.CONFLICT,),
    "quarantined": (WebhookEvent.State.QUARANTINED,),
    "dead": (WebhookEvent.State.DEAD,),
    "waiting": (WebhookEvent.State.RECEIVED,),
    SET_ASIDE: (WebhookEvent.State.QUARANTINED, WebhookEvent.State.CONFLICT, WebhookEvent.State.DEAD),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Empty means all. ``account`` is a primary key; ``source`` with it empty means events of no known account."""

    period: Period = Period.HOUR
    state: str = ""
    account: int | None = None
    source: str = ""

    def query(self, **more: str) -> str:
        """The filters as the part of an address after the question mark; the usual ones are left out."""
        given = {
            "period": "" if self.period == Period.HOUR else self.period.value,
            "state": self.state,
            "account": "" if self.account is None else str(self.account),
            "source": self.source,
        }
        return urlencode({name: value for name, value in (given | more).items() if value})

    def over(self, period: Period) -> "Filters":
        """The same events over another period."""
        return replace(self, period=period)

    def showing(self, state: str) -> "Filters":
        """Those that ended otherwise."""
        return replace(self, state=state)

    def events(self, now: datetime) -> QuerySet[WebhookEvent]:
        """The events that fit, without order."""
        found = WebhookEvent.objects.all()
        if self.period in SPANS:
            found = found.filter(received_at__gte=now - SPANS[self.period])
        if STATES[self.state]:
            found = found.filter(state__in=STATES[self.state])
        if self.account is not None:
            own = [
                source
                for source, account in sole_accounts(PlatformAccount.objects.defer("secrets")).items()
                if account == self.account
            ]
            found = found.filter(Q(account_id_hint=self.account) | Q(account_id_hint=None, source__in=own))
        elif self.source:
            found = found.filter(account_id_hint=None, source=self.source)
        return found


def sole_accounts(accounts: Iterable[PlatformAccount]) -> dict[str, int]:
    """The accounts that have their source for themselves, by it: what comes there is theirs before it is read."""
    by_source: dict[str, list[int]] = defaultdict(list)
    for account in accounts:
        by_source[account.source].append(account.pk)
    return {source: found[0] for source, found in by_source.items() if len(found) == 1}


def read(given: Mapping[str, Any], *, period: Period = Period.HOUR) -> Filters:
    """The filters of an address, over ``period`` where it names none. Raises FiltersInvalid."""
    wanted, state = str(given.get("period", "")) or period, str(given.get("state", ""))
    account, source = str(given.get("account", "")), str(given.get("source", ""))
    if wanted not in Period.values:
        raise FiltersInvalid("period")
    if state not in STATES:
        raise FiltersInvalid("state")
    if account and not (account.isascii() and account.isdigit() and len(account) < 19):
        raise FiltersInvalid("account")
    if "\x00" in source:
        raise FiltersInvalid("source")
    return Filters(period=Period(wanted), state=state, account=int(account) if account else None, source=source)
