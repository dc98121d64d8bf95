"""How many files one person may take out in an hour, counted in the audit trail itself."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from core import audit
from core.exceptions import TooManyExports
from core.models import AuditEvent, User

COUNTED = ("analytics.exported", "export.requested")
PERIOD = timedelta(hours=1)


@transaction.atomic
def record_export(by: User, action: str, target: models.Model, *, after: dict[str, Any]) -> AuditEvent:
    """Write an export into the audit trail, if one more is allowed. Raises TooManyExports.

    The person's row is held, so that no number of requests at once takes more than is allowed.
    """
    User.objects.select_for_update().get(pk=by.pk)
    free_at = _free_at(by)
    if free_at is not None:
        raise TooManyExports(settings.EXPORTS_PER_HOUR, free_at)
    return audit.record(by, action, target, after=after)


def _free_at(by: User) -> datetime | None:
    """When the person may export again; None if they may now."""
    since = timezone.now() - PERIOD
    recent = AuditEvent.objects.filter(actor_kind="user", actor_id=by.pk, action__in=COUNTED, at__gt=since)
    times = list(recent.order_by("-id").values_list("at", flat=True)[: settings.EXPORTS_PER_HOUR])
    return times[-1] + PERIOD if len(times) >= settings.EXPORTS_PER_HOUR else None
