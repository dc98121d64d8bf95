"""How many files one person or key may take out in an hour, counted in the audit trail itself."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from core import audit
from core.exceptions import TooManyExports
from core.models import ApiKey, AuditEvent, User

COUNTED = ("analytics.exported", "conversations.exported", "messages.exported", "export.requested")
PERIOD = timedelta(hours=1)


@transaction.atomic
def record_export(by: User | ApiKey, action: str, target: models.Model, *, after: dict[str, Any]) -> AuditEvent:
    """Write an export into the audit trail, if one more is allowed. Raises TooManyExports.

    The row of whoever exports is held, so that no number of requests at once takes more than is allowed.
    """
    everybody: models.QuerySet[Any] = ApiKey.objects.all() if isinstance(by, ApiKey) else User.objects.all()
    everybody.select_for_update().get(pk=by.pk)
    free_at = _free_at(by)
    if free_at is not None:
        raise TooManyExports(settings.EXPORTS_PER_HOUR, free_at)
    return audit.record(by, action, target, after=after)


def _free_at(by: User | ApiKey) -> datetime | None:
    """When they may export again; None if they may now."""
    since = timezone.now() - PERIOD
    kind = "key" if isinstance(by, ApiKey) else "user"
    recent = AuditEvent.objects.filter(actor_kind=kind, actor_id=by.pk, action__in=COUNTED, at__gt=since)
    times = list(recent.order_by("-id").values_list("at", flat=True)[: settings.EXPORTS_PER_HOUR])
    return times[-1] + PERIOD if len(times) >= settings.EXPORTS_PER_HOUR else None
