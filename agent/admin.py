"""The agent in the admin: releases and what they publish, knowledge, and every run.

What is published is never edited. Saving a change to it writes the newest draft; publishing is a step of its own.
"""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from unfold.decorators import display

from agent.exceptions import AgentError
from agent.models import (
    AgentConfig,
    AgentRun,
    Article,
    ArticleVersion,
    EngineBuild,
    EscalationRule,
    Intent,
    Passage,
    Phrase,
    Release,
    ReplyTemplate,
    SpendLedger,
    TextVector,
    TrainingExample,
)
from agent.releases import editing
from agent.releases import services as releases
from core import audit
from core.exceptions import NotAllowed
from core.policy import Action
from core.policy_admin import PolicyAdmin, RowsInline

_STATES = {"draft": "warning", "published": "success", "retired": "info"}
_RUN_STATES = {
    "replied": "success",
    "escalated": "warning",
    "suppressed": "info",
    "superseded": "info",
    "failed": "danger",
    "dead": "danger",
}


class AgentAdmin(PolicyAdmin):
    """Rows of the agent."""

    view_action = Action.EVALUATE

    @staticmethod
    def expected_errors() -> tuple[type[Exception], ...]:
        """The agent's rules and the policy."""
        return (AgentError, NotAllowed)


@admin.register(Release)
class ReleaseAdmin(AgentAdmin):
    """Releases: drafted, published, rolled back."""

    list_display = ["number", "shown_state", "note", "based_on", "created_by", "published_by", "published_at"]
    list_filter = ["state"]
    list_select_related = ["based_on", "created_by", "published_by"]
    exclude = ["articles"]
    actions = ["draft", "publish", "roll_back"]
    actions_on_top = True

    @display(description="State", label=_STATES, ordering="state")  # type: ignore[untyped-decorator]  # unfold has no types
    def shown_state(self, release: Release) -> str:
        """The state, coloured."""
        return release.state

    @admin.action(description="Make a draft from this release")
    def draft(self, request: HttpRequest, chosen: "QuerySet[Release]") -> None:
        """Copy the chosen ones into drafts."""
        user: Any = request.user
        self.each(request, chosen, lambda row: releases.create_draft(user, based_on=row), done="Drafts made")

    @admin.action(description="Publish this draft")
    def publish(self, request: HttpRequest, chosen: "QuerySet[Release]") -> None:
        """Make the chosen draft the one that answers."""
        user: Any = request.user
        self.each(
            request, chosen, lambda row: releases.publish(row, user), done="Published; the next answer follows it"
        )

    @admin.action(description="Roll back to the release before")
    def roll_back(self, request: HttpRequest, chosen: "QuerySet[Release]") -> None:
        """Publish what was published before, whichever release is chosen."""
        user: Any = request.user
        self.each(request, chosen[:1], lambda _: releases.rollback(user), done="Rolled back")


class DraftedAdmin(AgentAdmin):
    """Rows of a release, edited in a draft. The list shows the current release and the drafts."""

    change_action = Action.EDIT_PROMPTS
    list_select_related = ["release"]
    list_filter: tuple[Any, ...] = (("release", admin.RelatedOnlyFieldListFilter),)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        """Retired releases are read on their own page."""
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.exclude(release__state=Release.State.RETIRED).order_by(
            "-release__number", *self.model._meta.ordering
        )

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        """Back to the list, since the row that was changed may be the draft's copy."""
        meta = self.model._meta
        return redirect(reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist"))

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm, change: bool) -> None:  # type: ignore[type-arg]
        """Write the change into a draft, and say where it went."""
        user: Any = request.user
        try:
            draft = self.save_into_draft(obj, user)
        except self.expected_errors() as problem:
            self.message_user(request, str(problem), messages.ERROR)
            return
        self.message_user(
            request,
            f"Saved in draft release {draft.number}. It changes no answer until it is published.",
            messages.SUCCESS,
        )

    def save_into_draft(self, obj: Any, user: Any) -> Release:
        """The row's change in a draft. A row of the published release is changed in the newest draft's copy."""
        changed = {
            field.attname: getattr(obj, field.attname) for field in obj._meta.concrete_fields if not field.primary_key
        }
        draft = editing.draft_for(obj.release, user)
        row = obj if draft.pk == obj.release_id else editing.twin(type(obj).objects.get(pk=obj.pk), draft)
        for name, value in changed.items():
            if name != "release_id":
                setattr(row, name, value)
        row.full_clean()
        row.save()
        audit.record(user, f"release.{obj._meta.model_name}_changed", draft, after={"row": row.pk})
        return draft

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """The audit trail has it."""


@admin.register(AgentConfig)
class AgentConfigAdmin(DraftedAdmin):
    """Prompts, thresholds and switches."""

    list_display = ["config_key", "release", "short_value", "description", "updated_at"]
    search_fields = ["config_key", "config_value", "description"]
    fields = ["release", "config_key", "config_value", "description", "updated_at"]
    readonly_fields = ["release", "config_key", "updated_at"]

    @admin.display(description="Value")
    def short_value(self, config: AgentConfig) -> str:
        """The beginning of the value."""
        return config.config_value[:80]

    def save_into_draft(self, obj: AgentConfig, user: Any) -> Release:
        """Through the service that knows each key's type."""
        draft = obj.release if obj.release.state == Release.State.DRAFT else None
        return releases.configure(obj.config_key, obj.config_value, user, description=obj.description, draft=draft)


@admin.register(ReplyTemplate)
class ReplyTemplateAdmin(DraftedAdmin):
    """Fixed texts that customers read."""

    list_display = ["key", "language", "release", "text"]
    list_filter: tuple[Any, ...] = (("release", admin.RelatedOnlyFieldListFilter), "language")
    search_fields = ["key", "text"]
    fields = ["release", "key", "language", "text"]
    readonly_fields = ["release", "key", "language"]

    def save_into_draft(self, obj: ReplyTemplate, user: Any) -> Release:
        """Through the service that cleans the text."""
        draft = editing.draft_for(obj.release, user)
        releases.set_template(draft, obj.key, obj.language, obj.text, user)
        return draft


@admin.register(EscalationRule)
class EscalationRuleAdmin(DraftedAdmin):
    """When a person is needed."""

    list_display = ["name", "release", "reason", "priority", "order", "is_enabled"]
    readonly_fields = ["release", "key"]
    search_fields = ["key", "name"]


@admin.register(Intent)
class IntentAdmin(DraftedAdmin):
    """What customers want."""

    list_display = ["key", "release", "route", "is_enabled", "description"]
    readonly_fields = ["release", "key"]
    search_fields = ["key", "description"]


@admin.register(TrainingExample)
class TrainingExampleAdmin(DraftedAdmin):
    """What the engine learns from."""

    list_display = ["text", "purpose", "label", "language", "release"]
    list_filter: tuple[Any, ...] = (("release", admin.RelatedOnlyFieldListFilter), "purpose", "language")
    readonly_fields = ["release"]
    search_fields = ["text", "label"]


@admin.register(Phrase)
class PhraseAdmin(DraftedAdmin):
    """Words that call a person whatever a model thinks."""

    list_display = ["text", "head", "language", "release"]
    list_filter: tuple[Any, ...] = (("release", admin.RelatedOnlyFieldListFilter), "head", "language")
    readonly_fields = ["release"]
    search_fields = ["text"]


class PassageInline(RowsInline):
    """What can be quoted of a version."""

    model = Passage
    fields = ["position", "heading", "text"]
    readonly_fields = fields


class VersionInline(RowsInline):
    """What an article said."""

    model = ArticleVersion
    fields = ["number", "title", "author", "created_at"]
    readonly_fields = fields
    show_change_link = True


@admin.register(Article)
class ArticleAdmin(AgentAdmin):
    """Articles."""

    list_display = ["slug", "language", "audience", "versions_kept", "valid_until", "owner"]
    list_filter = ["language", "audience"]
    list_select_related = ["owner"]
    search_fields = ["slug"]
    inlines = [VersionInline]

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Article]":
        """With the number of versions."""
        rows: QuerySet[Article] = super().get_queryset(request)
        return rows.annotate(count_of_versions=Count("versions"))

    @admin.display(description="Versions")
    def versions_kept(self, article: Any) -> int:
        """How often it was saved."""
        return int(article.count_of_versions)


@admin.register(ArticleVersion)
class ArticleVersionAdmin(AgentAdmin):
    """Versions of articles. Saving one makes the next version and puts it into a draft release."""

    change_action = Action.EDIT_KNOWLEDGE
    list_display = ["title", "article", "number", "author", "created_at"]
    list_select_related = ["article", "author"]
    search_fields = ["title", "body"]
    fields = ["article", "number", "title", "body", "questions", "author", "created_at"]
    readonly_fields = ["article", "number", "author", "created_at"]
    inlines = [PassageInline]

    def save_model(self, request: HttpRequest, obj: ArticleVersion, form: ModelForm, change: bool) -> None:  # type: ignore[type-arg]
        """Save as the next version, used by a draft."""
        user: Any = request.user
        try:
            draft = editing.revise_article(
                obj.article, title=obj.title, body=obj.body, questions=obj.questions, by=user
            )
        except self.expected_errors() as problem:
            self.message_user(request, str(problem), messages.ERROR)
            return
        self.message_user(
            request, f"Saved in draft release {draft.number}. Customers read it when it is published.", messages.SUCCESS
        )

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """The audit trail has it."""


@admin.register(Passage)
class PassageAdmin(AgentAdmin):
    """Passages."""

    list_display = ["version", "position", "heading", "text"]
    list_select_related = ["version"]
    search_fields = ["text", "heading"]


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

    @display(description="State", label=_RUN_STATES, ordering="state")  # type: ignore[untyped-decorator]  # unfold has no types
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
