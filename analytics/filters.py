"""What a dashboard is asked about: which conversations, and since when."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from integrations.models import PlatformAccount


class FiltersInvalid(Exception):
    """A filter in the address says nothing that can be looked up."""


class Period(models.TextChoices):
    """Since when things are counted that happen, as against those that stand."""

    TODAY = "today", _("Today")
    DAY = "24h", _("24 hours")
    WEEK = "7d", _("7 days")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Empty means all. Accounts and teams are named by their public ids."""

    platform: str = ""
    account: uuid.UUID | None = None
    team: uuid.UUID | None = None
    period: Period = Period.TODAY

    @property
    def narrows(self) -> bool:
        """Whether conversations are left out."""
        return bool(self.platform or self.account or self.team)

    def since(self, now: datetime) -> datetime:
        """When the period began: local midnight, or so many hours before ``now``."""
        if self.period == Period.TODAY:
            return timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
        return now - (timedelta(hours=24) if self.period == Period.DAY else timedelta(days=7))

    def query(self, **more: str) -> str:
        """The filters as the part of an address after the question mark; the usual ones are left out."""
        given = {
            "platform": self.platform,
            "account": str(self.account or ""),
            "team": str(self.team or ""),
            "period": "" if self.period == Period.TODAY else self.period.value,
        }
        return urlencode({name: value for name, value in (given | more).items() if value})

    def over(self, period: Period) -> "Filters":
        """The same conversations over another period."""
        return replace(self, period=period)


def read(given: Mapping[str, Any]) -> Filters:
    """The filters of an address; FiltersInvalid where one cannot be understood."""
    platform = str(given.get("platform", ""))
    period = str(given.get("period", "")) or Period.TODAY
    if platform and platform not in PlatformAccount.Platform.values:
        raise FiltersInvalid("platform")
    if period not in Period.values:
        raise FiltersInvalid("period")
    return Filters(
        platform=platform,
        account=_public_id(given, "account"),
        team=_public_id(given, "team"),
        period=Period(period),
    )


def _public_id(given: Mapping[str, Any], name: str) -> uuid.UUID | None:
    text = str(given.get(name, ""))
    try:
        return uuid.UUID(text) if text else None
    except ValueError as error:
        raise FiltersInvalid(name) from error
