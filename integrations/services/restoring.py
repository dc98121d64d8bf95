"""After a restore: which accounts must be compared with their platform before anything is said through them."""

from datetime import datetime

from conversations import services as conversations
from integrations.models import PlatformAccount
from integrations.platforms import PLATFORMS


def begin_after_restore(since: datetime) -> int:
    """Hold every account whose platform can tell what was said since the back-up. Nothing else may be running.

    Returns how many there are.
    """
    accounts = PlatformAccount.objects.receiving().filter(platform__in=list(PLATFORMS))
    pks = list(accounts.order_by("pk").values_list("pk", flat=True))
    conversations.begin_after_restore(pks, since)
    return len(pks)
