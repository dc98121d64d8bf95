"""The switches of intents in the admin. They hold at once, and leave every draft as it is."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminSelectWidget

from agent.admin.base import AgentAdmin
from agent.models import Intent, IntentSwitch
from agent.releases.services import current_release
from agent.services.switching import switch_intent
from core.policy import Action


class IntentSwitchForm(forms.ModelForm):  # type: ignore[type-arg]
    """One of the intents that the published release knows, and its switch."""

    class Meta:
        model = IntentSwitch
        fields = ("intent", "is_enabled")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "intent" in self.fields:
            taken = IntentSwitch.objects.values("intent")
            free = Intent.objects.filter(release=current_release()).exclude(key__in=taken)
            names = [
                (key, f"{key}: {description}" if description else key)
                for key, description in free.values_list("key", "description")
            ]
            self.fields["intent"] = forms.ChoiceField(choices=names, widget=UnfoldAdminSelectWidget)


@admin.register(IntentSwitch)
class IntentSwitchAdmin(AgentAdmin):
    """Which intents people answer at present, whatever the release says. Whoever may pause the bot may switch them."""

    change_action = add_action = Action.PAUSE_BOT
    form = IntentSwitchForm
    list_display = ["intent", "is_enabled", "updated_at"]
    list_filter = ["is_enabled"]
    search_fields = ["intent"]

    def get_readonly_fields(self, request: HttpRequest, obj: IntentSwitch | None = None) -> list[str]:
        """A row stays the switch of its intent."""
        return ["intent"] if obj is not None else []

    def save_model(self, request: HttpRequest, obj: IntentSwitch, form: Any, change: bool) -> None:
        """Switch it through the service, which says so in the audit trail."""
        user: Any = request.user
        switched = switch_intent(obj.intent, user, enabled=obj.is_enabled)
        obj.pk, obj.updated_at = switched.pk, switched.updated_at
