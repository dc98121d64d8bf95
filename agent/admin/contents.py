"""What a release says, in the admin: settings, texts, rules, intents, examples and phrases.

What is published is never edited. Saving a change to it writes the newest draft; publishing is a step of its own.
"""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from agent.admin.base import AgentAdmin
from agent.admin.draft_forms import DraftedForm, PhraseForm, RuleForm, SettingForm, TextForm
from agent.models import AgentConfig, EscalationRule, Intent, Phrase, Release, ReplyTemplate, TrainingExample
from agent.releases import editing, learning
from agent.releases import services as releases
from agent.releases.keys import KEYS
from agent.releases.screening import screen
from core import audit
from core.policy import Action, allows

MOST_DRAFTS = 3


class OneRelease(admin.SimpleListFilter):
    """The rows of one release at a time, else every text would stand there twice: the newest draft's at first."""

    title = "release"
    parameter_name = "of"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The drafts, newest first, and the published one."""
        rows = Release.objects.exclude(state=Release.State.RETIRED).order_by("-number")
        return [(str(row.number), f"{row.number} ({row.get_state_display().lower()})") for row in rows]

    def value(self) -> str | None:
        """The chosen one, or the newest."""
        known = [number for number, _ in self.lookup_choices]
        chosen = super().value()
        return chosen if chosen in known else next(iter(known), None)

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        """Its rows."""
        number = self.value()
        return queryset if number is None else queryset.filter(release__number=int(number))

    def choices(self, changelist: Any) -> Iterator[Any]:
        """Without "all"."""
        return (choice for number, choice in enumerate(super().choices(changelist)) if number)


class DraftedAdmin(AgentAdmin):
    """Rows of a release, edited in a draft. The list shows the newest draft's, or those of the release that answers."""

    change_action = Action.EDIT_PROMPTS
    form: type[DraftedForm] = DraftedForm
    list_select_related = ["release"]
    list_filter: tuple[Any, ...] = (OneRelease,)
    list_before_template = "admin/agent/_drafts.html"

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        """Retired releases are read on their own page."""
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.exclude(release__state=Release.State.RETIRED).order_by(
            "-release__number", *self.model._meta.ordering
        )

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """With the drafts that wait to be published."""
        drafts = {"open_drafts": list(Release.objects.drafts().order_by("-number")[:MOST_DRAFTS])}
        page: HttpResponse = super().changelist_view(request, (extra_context or {}) | drafts)
        return page

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """A row of a retired release leads to what stands in its place; what is sent from its form goes there too."""
        retired = self._retired(object_id)
        if retired is None:
            page: HttpResponse = super().changeform_view(request, object_id, form_url, extra_context)
            return page
        present = editing.successor(retired)
        meta, old = self.model._meta, retired.release
        if present is None:
            self.message_user(
                request,
                f"This {meta.verbose_name} is of release {old.number}, which is retired, and nothing stands in its place now.",
                messages.WARNING,
            )
            return redirect(reverse("admin:agent_release_change", args=[old.pk]))
        if request.method == "POST":
            page = super().changeform_view(request, str(present.pk), form_url, extra_context)
        else:
            self.message_user(
                request,
                f"The link was to release {old.number}, which is retired. This is the {meta.verbose_name} of "
                f"{present.release.get_state_display().lower()} release {present.release.number}.",
                messages.INFO,
            )
            page = redirect(reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[present.pk]))
        return page

    def _retired(self, object_id: str | None) -> Any:
        """The row, if it is one of a retired release."""
        if object_id is None or not object_id.isdecimal():
            return None
        found = self.model._default_manager.select_related("release").filter(pk=object_id)
        return found.filter(release__state=Release.State.RETIRED).first()

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        """Back to the list, since the row that was changed may be the draft's copy."""
        meta = self.model._meta
        return redirect(reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist"))

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm, change: bool) -> None:  # type: ignore[type-arg]
        """Write the change into a draft, and say where it went. The form has judged it; what came up since is told."""
        user: Any = request.user
        try:
            draft = self.save_into_draft(obj, user)
        except self.expected_errors() as problem:
            self.message_user(request, str(problem), messages.ERROR)
            return
        except ValidationError as problem:
            self.message_user(request, " ".join(problem.messages), messages.ERROR)
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

    form = SettingForm
    list_display = ["config_key", "release", "short_value", "description", "updated_at"]
    search_fields = ["config_key", "config_value", "description"]
    fields = ["release", "config_key", "config_value", "description", "updated_at"]
    readonly_fields = ["release", "config_key", "updated_at"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Caps and prices are for whoever may change limits."""
        user: Any = request.user
        editor = super().has_change_permission(request, obj)
        key = KEYS.get(obj.config_key) if obj is not None else None
        return editor and (key is None or allows(user, key.right))

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

    form = TextForm
    list_display = ["key", "language", "release", "text"]
    list_filter: tuple[Any, ...] = (OneRelease, "language")
    search_fields = ["key", "text"]
    fields = ["release", "key", "language", "text"]
    readonly_fields = ["release", "key", "language"]

    def save_into_draft(self, obj: ReplyTemplate, user: Any) -> Release:
        """Through the service that cleans the text. A customer reads it, so it is looked through first."""
        screen(
            f"{obj.key} ({obj.language})",
            obj.text,
            allowed_hosts=releases.allowed_hosts(editing.goes_into(obj.release)),
        )
        draft = editing.draft_for(obj.release, user)
        releases.set_template(draft, obj.key, obj.language, obj.text, user)
        return draft


@admin.register(EscalationRule)
class EscalationRuleAdmin(DraftedAdmin):
    """When a person is needed."""

    form = RuleForm
    list_display = ["name", "release", "reason", "priority", "order", "is_enabled"]
    readonly_fields = ["release", "key"]
    search_fields = ["key", "name"]


class LessonAdmin(DraftedAdmin):
    """What the engine learns from: the draft's heads are fitted once nothing was edited for a while."""

    def save_into_draft(self, obj: Any, user: Any) -> Release:
        """And have it learnt."""
        draft = super().save_into_draft(obj, user)
        learning.want(draft, after=learning.DEBOUNCE)
        return draft


@admin.register(Intent)
class IntentAdmin(LessonAdmin):
    """What customers want."""

    list_display = ["key", "release", "route", "is_enabled", "description"]
    readonly_fields = ["release", "key"]
    search_fields = ["key", "description"]


@admin.register(TrainingExample)
class TrainingExampleAdmin(LessonAdmin):
    """What the engine learns from."""

    list_display = ["text", "purpose", "label", "language", "release"]
    list_filter: tuple[Any, ...] = (OneRelease, "purpose", "language")
    readonly_fields = ["release"]
    search_fields = ["text", "label"]


@admin.register(Phrase)
class PhraseAdmin(DraftedAdmin):
    """Words that call a person whatever a model thinks."""

    form = PhraseForm
    list_display = ["text", "head", "language", "release"]
    list_filter: tuple[Any, ...] = (OneRelease, "head", "language")
    readonly_fields = ["release"]
    search_fields = ["text"]
