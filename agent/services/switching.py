"""Switching an intent off and on at once, without a publication."""

from agent.models import IntentSwitch
from core import audit
from core.models import User
from core.policy import Action, require
from core.transactions import retried


@retried
def switch_intent(intent: str, by: User, *, enabled: bool) -> IntentSwitch:
    """Let the bot answer an intent, or people only, from the next message on. Raises NotAllowed."""
    require(by, Action.PAUSE_BOT)
    before = IntentSwitch.objects.select_for_update().filter(intent=intent).first()
    was = before.is_enabled if before is not None else True
    switch, _ = IntentSwitch.objects.update_or_create(intent=intent, defaults={"is_enabled": enabled})
    audit.record(
        by,
        "intent.switched_on" if enabled else "intent.switched_off",
        switch,
        before={"is_enabled": was},
        after={"intent": intent, "is_enabled": enabled},
    )
    return switch
