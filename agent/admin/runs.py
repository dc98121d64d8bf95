"""What the agent did, what it cost, and what it keeps so that it starts quickly: only to be read."""

import json
from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import action, display

from agent import tasks
from agent.admin.base import AgentAdmin
from agent.models import AgentRun, EngineBuild, Replay, SpendLedger, TextVector
from agent.services import looking_back
from core.models import User
from core.personal import masked
from core.policy import Action, allows

RUN_STATES = {
    "replied": "success",
    "escalated": "warning",
    "suppressed": "info",
    "superseded": "info",
    "failed": "danger",
    "dead": "danger",
}

REPLAY_STATES = {"waiting": "info", "done": "success", "failed": "danger"}


def _masked_record(record: object) -> str:
    return format_html(
        '<pre class="written-lines">{}</pre>', masked(json.dumps(record, ensure_ascii=False, indent=2, default=str))
    )


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
    actions_detail = ["replay", "what_if"]
    exclude = ["draft", "envelope", "trace"]
    readonly_fields = ["masked_draft", "masked_envelope", "masked_trace"]

    @admin.display(description="Draft")
    def masked_draft(self, run: AgentRun) -> str:
        """What it was about to say, numbers and addresses masked; the workspace shows what was said."""
        return masked(run.draft)

    @admin.display(description="Envelope")
    def masked_envelope(self, run: AgentRun) -> str:
        """The customer's words and what else the turn was given, masked in the same way."""
        return _masked_record(run.envelope)

    @admin.display(description="Trace")
    def masked_trace(self, run: AgentRun) -> str:
        """What came of them, masked in the same way."""
        return _masked_record(run.trace)

    def get_fieldsets(self, request: HttpRequest, obj: AgentRun | None = None) -> Any:
        """The facts first; the long records folded."""
        folded = ["masked_envelope", "masked_trace"]
        facts = [name for name in self.get_fields(request, obj) if name not in folded]
        titles = {
            "masked_trace": "Trace: what was understood, found and checked",
            "masked_envelope": "Envelope: what the turn was given",
        }
        return [
            (None, {"fields": facts}),
            *((titles[name], {"fields": [name], "classes": ["collapse"]}) for name in reversed(folded)),
        ]

    @action(description="Replay exactly", url_path="replay", icon="replay", permissions=["replaying"])  # type: ignore[untyped-decorator]
    def replay(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Ask once more, then think it again and compare."""
        return self._ask(
            request,
            object_id,
            Replay.Kind.EXACT,
            "The run is thought again from what it was given, with the release of then and with what language models said "
            "then, and everything is compared with what was kept. No model is asked, and nothing reaches the customer.",
        )

    @action(description="What if", url_path="what-if", icon="call_split", permissions=["replaying"])  # type: ignore[untyped-decorator]
    def what_if(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Ask once more, then find out what would have come of it otherwise."""
        return self._ask(
            request,
            object_id,
            Replay.Kind.WHAT_IF,
            "The run is thought again with one thing changed at a time: without a rule that fired, with a threshold moved to "
            "where something changes, without an article, and with the bot's switch the other way.",
        )

    def has_replaying_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        """Whether the role may replay runs."""
        return allows(_who(request), Action.EVALUATE)

    def _ask(self, request: HttpRequest, object_id: int, kind: Replay.Kind, explanation: str) -> HttpResponse:
        if not (self.has_view_permission(request) and self.has_replaying_permission(request)):
            raise PermissionDenied
        run = get_object_or_404(AgentRun, pk=object_id)
        back = reverse("admin:agent_agentrun_change", args=[run.pk])
        if request.method != "POST":
            context = {
                **self.admin_site.each_context(request),
                "opts": self.model._meta,
                "title": kind.label,
                "heading": f"{kind.label}: {run}",
                "explanation": explanation,
                "back_url": back,
            }
            return TemplateResponse(request, "admin/agent/ask_replay.html", context)
        try:
            asked = looking_back.ask(run, _who(request), kind)
        except self.expected_errors() as problem:
            self.message_user(request, str(problem), messages.ERROR)
            return HttpResponseRedirect(back)
        tasks.begin(asked)
        return HttpResponseRedirect(reverse("admin:agent_replay_change", args=[asked.pk]))

    @display(description="State", label=RUN_STATES, ordering="state")  # type: ignore[untyped-decorator]  # unfold has no types
    def shown_state(self, run: AgentRun) -> str:
        """The state, coloured."""
        return run.state


@admin.register(Replay)
class ReplayAdmin(AgentAdmin):
    """Runs that were thought again, and what came of it."""

    view_action = Action.VIEW_ALL_CONVERSATIONS
    list_display = ["asked_at", "run", "kind", "shown_state", "asked_by"]
    list_filter = ["kind", "state"]
    list_select_related = ["run", "asked_by"]
    fields = ["run", "kind", "shown_state", "asked_by", "asked_at", "ended_at", "error"]
    readonly_fields = fields
    change_form_outer_after_template = "admin/agent/_replay.html"

    @display(description="State", label=REPLAY_STATES, ordering="state")  # type: ignore[untyped-decorator]  # unfold has no types
    def shown_state(self, replay: Replay) -> str:
        """The state, coloured."""
        return replay.state


@admin.register(SpendLedger)
class SpendLedgerAdmin(AgentAdmin):
    """What models cost."""

    view_action = Action.VIEW_OPERATIONS
    list_display = ["day", "scope", "spent", "reserved", "cap", "dearest_call"]
    search_fields = ["scope"]


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


def _who(request: HttpRequest) -> User:
    return cast(User, request.user)
