"""What the agent did, what it cost, and what it keeps so that it starts quickly: only to be read."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.decorators import display

from agent.admin.base import AgentAdmin
from agent.models import AgentRun, EngineBuild, SpendLedger, TextVector
from core.policy import Action

RUN_STATES = {
    "replied": "success",
    "escalated": "warning",
    "suppressed": "info",
    "superseded": "info",
    "failed": "danger",
    "dead": "danger",
}


@admin.register(AgentRun)
class AgentRunAdmin(AgentAdmin):
    """Runs: what the agent did and why."""

    view_action = Action.VIEW_ALL_CONVERSATIONS
    list_display = [
        "started_at",
        "conversation_id",
        "shown_state",
        "intent",
        "confidence",
        "provider",
        "duration_ms",
        "release",
    ]
    list_filter = ["state", "provider", "route"]
    list_select_related = ["release"]
    search_fields = ["=conversation_id", "intent"]
    date_hierarchy = "started_at"

    def get_fieldsets(self, request: HttpRequest, obj: AgentRun | None = None) -> Any:
        """The facts first; the long records folded."""
        folded = ["envelope", "trace"]
        facts = [name for name in self.get_fields(request, obj) if name not in folded]
        titles = {
            "trace": "Trace: what was understood, found and checked",
            "envelope": "Envelope: what the turn was given",
        }
        return [
            (None, {"fields": facts}),
            *((titles[name], {"fields": [name], "classes": ["collapse"]}) for name in reversed(folded)),
        ]

    @display(description="State", label=RUN_STATES, ordering="state")  # type: ignore[untyped-decorator]  # unfold has no types
    def shown_state(self, run: AgentRun) -> str:
        """The state, coloured."""
        return run.state


@admin.register(SpendLedger)
class SpendLedgerAdmin(AgentAdmin):
    """What models cost."""

    view_action = Action.VIEW_OPERATIONS
    list_display = ["day", "scope", "spent", "reserved", "cap"]


@admin.register(EngineBuild)
class EngineBuildAdmin(AgentAdmin):
    """Fitted engines."""

    list_display = ["release", "encoder", "created_at"]
    list_select_related = ["release"]
    exclude = ["data"]


@admin.register(TextVector)
class TextVectorAdmin(AgentAdmin):
    """Vectors kept so that refitting is quick."""

    list_display = ["key", "created_at"]
    exclude = ["vector"]
