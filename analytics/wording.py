"""How figures are said: lengths of time, shares, money, and the names of machines' words."""

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from integrations.models import PlatformAccount


def length(span: timedelta) -> tuple[str, str]:
    """A length of time as a number and its unit, as large figures show it: ("1.8", "s"), ("42", "min"), ("3", "h")."""
    seconds = max(0.0, span.total_seconds())
    if seconds < 10:
        return f"{seconds:.1f}", _("s")
    if seconds < 90:
        return f"{seconds:.0f}", _("s")
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f}", _("min")
    if seconds < 48 * 3600:
        return f"{seconds / 3600:.0f}", _("h")
    return f"{seconds / 86400:.0f}", _("d")


def span(given: timedelta) -> str:
    """A length of time in one piece: "42 min"."""
    return " ".join(length(given))


def moment(when: datetime | None, *, now: datetime) -> str:
    """When something was: the time of day, with the date where it was not today."""
    if when is None:
        return ""
    local = timezone.localtime(when)
    if local.date() == timezone.localtime(now).date():
        return date_format(local, "H:i:s")
    return date_format(local, "j M H:i")


def share(part: int, whole: int) -> str:
    """``part`` of ``whole`` in whole percent; empty where there is no whole."""
    return f"{100 * part / whole:.0f}" if whole else ""


def dollars(micros: int) -> str:
    """Millionths of a dollar as people read money."""
    amount = micros / 1_000_000
    return f"${amount:,.2f}" if amount >= 0.01 or not micros else f"${amount:.4f}"


def humanise(key: str) -> str:
    """A machine's word as people read it: ``order-status`` becomes "Order status"."""
    words = key.replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:]


def platform(key: str) -> str:
    """The platform as people call it."""
    return str(dict(PlatformAccount.Platform.choices).get(key, humanise(key)))
