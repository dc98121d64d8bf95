"""Accounts on which the bot was switched off: people answer what waits there too."""

from conversations import services as conversations
from integrations.models import PlatformAccount


def hold_the_bot() -> int:
    """Give people what the bot still owes on accounts where it is off; returns how many conversations. For each second."""
    silent = list(PlatformAccount.objects.receiving().filter(bot_enabled=False).order_by().values_list("pk", flat=True))
    return conversations.hold_back(silent) if silent else 0
