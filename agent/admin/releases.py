"""Releases in the admin: what each changes, and the steps from a draft to what answers, and back."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextInputWidget

from agent.admin.base import AgentAdmin
from agent.models import Release
from agent.releases import services as releases
from agent.releases.changes import changes_between
from core.policy import Action, allows

STATES = {"draft": "warning", "published": "success", "retired": "info"}
MOST_CHANGES = 200


class StepForm(forms.Form):
    """A word for those who read it later."""

    note = forms.CharField(
        label="What for", max_length=300, required=False, widget=UnfoldAdminTextInputWidget(attrs={"maxlength": 300})
    )


@admin.register(Release)
class ReleaseAdmin(AgentAdmin):
    """Releases: drafted, published, rolled back."""

    list_display = ["number", "shown_state", "note", "based_on", "created_by", "published_by", "published_at"]
    list_filter = ["state"]
    list_select_related = ["based_on", "created_by", "published_by"]
    fields = [
        "number", "shown_state", "note", "based_on", "created_by", "created_at", "published_by", "published_at",
        "content_hash",
    ]  # fmt: skip
    readonly_fields = fields
    actions_detail = ["publish", "draft", "roll_back"]
    change_form_outer_before_template = "admin/agent/_changes.html"

    @display(description="State", label=STATES, ordering="state")  # type: ignore[untyped-decorator]  # unfold has no types
    def shown_state(self, release: Release) -> str:
        """The state, coloured."""
        return release.state

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """With what it changes."""
        release = self.get_object(request, object_id)
        more = _changes(release) if release is not None else {}
        page: HttpResponse = super().change_view(request, object_id, form_url, (extra_context or {}) | more)
        return page

    @action(description="Publish", url_path="publish", icon="publish", permissions=["publishing"])  # type: ignore[untyped-decorator]
    def publish(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Ask once more with everything that changes, then publish."""
        user: Any = request.user
        return self._step(
            request,
            object_id,
            deed=lambda release, note: releases.publish(release, user, note=note),
            told="Published; the next answer follows it.",
            heading="Publish {release}",
            explanation="From the next answer on the agent says and does what this release holds.",
            verb="Publish",
        )

    @action(description="Make a draft from it", url_path="draft", icon="edit_document", permissions=["drafting"])  # type: ignore[untyped-decorator]
    def draft(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Copy it into a draft."""
        user: Any = request.user
        return self._step(
            request,
            object_id,
            deed=lambda release, note: releases.create_draft(user, based_on=release, note=note),
            told="A draft was made. What you save now goes into it.",
            heading="Make a draft from {release}",
            explanation="A copy of everything in it, to be edited. It changes no answer until it is published.",
            verb="Make a draft",
        )

    @action(description="Roll back", url_path="roll-back", icon="undo", permissions=["publishing"])  # type: ignore[untyped-decorator]
    def roll_back(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Publish again what was published before the current one."""
        user: Any = request.user
        return self._step(
            request,
            object_id,
            deed=lambda _, note: releases.rollback(user, reason=note),
            told="Rolled back; the next answer follows it.",
            heading="Roll back to what answered before",
            explanation="A copy of the release that answered before the current one is published, as a release of its own.",
            verb="Roll back",
        )

    def has_publishing_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        """Whether the buttons that change what answers are shown."""
        return _may(request, Action.PUBLISH_PROMPTS)

    def has_drafting_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        """Whether the button that makes a draft is shown."""
        return _may(request, Action.EDIT_PROMPTS)

    def _step(
        self, request: HttpRequest, object_id: int, *, deed: Any, told: str, heading: str, explanation: str, verb: str
    ) -> HttpResponse:
        """Ask, then do. What stands against it is told where one came from."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        release = get_object_or_404(Release, pk=object_id)
        back = reverse("admin:agent_release_change", args=[release.pk])
        form = StepForm(request.POST or None, initial={"note": release.note})
        if request.method != "POST" or not form.is_valid():
            context = {
                **self.admin_site.each_context(request),
                "opts": self.model._meta,
                "title": heading.format(release=release),
                "heading": heading.format(release=release),
                "explanation": explanation,
                "verb": verb,
                "form": form,
                "back_url": back,
                **_changes(release),
            }
            return TemplateResponse(request, "admin/agent/confirm_release.html", context)
        try:
            done: Release = deed(release, form.cleaned_data["note"])
        except self.expected_errors() as problem:
            self.message_user(request, str(problem), messages.ERROR)
            return HttpResponseRedirect(back)
        self.message_user(request, told, messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:agent_release_change", args=[done.pk]))


def _changes(release: Release) -> dict[str, Any]:
    """What a draft changes against what answers now, and any other release against the one it was made from."""
    base = releases.current_release() if release.state == Release.State.DRAFT else release.based_on
    found = changes_between(base, release) if base is not None else []
    return {"base": base, "changes": found[:MOST_CHANGES], "more": max(0, len(found) - MOST_CHANGES)}


def _may(request: HttpRequest, what: Action) -> bool:
    user: Any = request.user
    return allows(user, what)
