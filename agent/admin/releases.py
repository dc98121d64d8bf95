"""Releases in the admin: what each changes, and the steps from a draft to what answers, and back."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.decorators import action, display

from agent.admin.base import AgentAdmin
from agent.admin.lessons import lessons_of
from agent.admin.steps import StepForm
from agent.models import Release
from agent.releases import services as releases
from agent.releases.changes import changes_between
from core.policy import Action, allows

STATES = {"draft": "warning", "published": "success", "retired": "info"}
MOST_CHANGES = 200
AGREED = (
    "Not published yet. A key or a command changed this draft, so two people have to look at it: that you agree is noted, "
    "and somebody else has to press Publish within a day."
)
ASKED_BACK = (
    "Not rolled back yet. That you want it is noted; a second person has to press Roll back within a day. "
    "If it cannot wait, pause the bot in Operations."
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

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """The steps that can be taken from this release."""
        release = self.get_object(request, str(object_id))
        offered = steps_from(release) if release is not None else frozenset()
        found: list[Any] = super().get_actions_detail(request, object_id)
        return [step for step in found if step.action_name.removeprefix("agent_release_") in offered]

    @action(description="Publish", url_path="publish", icon="publish", permissions=["publishing"])  # type: ignore[untyped-decorator]
    def publish(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Ask once more with everything that changes, then publish."""
        user: Any = request.user
        release = get_object_or_404(Release, pk=object_id)
        return self._take(
            request,
            release,
            Step(
                name="publish",
                becomes=release,
                deed=lambda note, accept_worse: releases.publish(release, user, note=note, accept_worse=accept_worse),
                told="Published; the next answer follows it.",
                heading=f"Publish {release}",
                explanation="From the next answer on the agent says and does what this release holds. This changes:",
                verb="Publish",
                refusal=f"{release} is not a draft, so it cannot be published. Make a draft from it, or roll back.",
            ),
        )

    @action(description="Make a draft from it", url_path="draft", icon="edit_document", permissions=["drafting"])  # type: ignore[untyped-decorator]
    def draft(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Copy it into a draft."""
        user: Any = request.user
        release = get_object_or_404(Release, pk=object_id)
        return self._take(
            request,
            release,
            Step(
                name="draft",
                becomes=release,
                deed=lambda note, _: releases.create_draft(user, based_on=release, note=note),
                told="A draft was made; the lists of texts show it first.",
                heading=f"Make a draft from {release}",
                explanation="A copy of everything in it, to be edited. It changes no answer until it is published. As it "
                "stands, publishing it would then change:",
                verb="Make a draft",
                refusal=f"{release} is a draft already: edit it in the lists of texts.",
            ),
        )

    @action(description="Roll back", url_path="roll-back", icon="undo", permissions=["publishing"])  # type: ignore[untyped-decorator]
    def roll_back(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Publish again what was published before the current one."""
        user: Any = request.user
        release = get_object_or_404(Release, pk=object_id)
        earlier = releases.earlier_release()
        return self._take(
            request,
            release,
            Step(
                name="roll_back",
                becomes=earlier,
                deed=lambda note, _: releases.rollback(user, reason=note),
                told="Rolled back; the next answer follows it.",
                heading=f"Roll back to {earlier}",
                explanation=f"A copy of {earlier}, which answered before, is published as a release of its own. This changes:",
                verb="Roll back",
                refusal="Only the release that answers now can be rolled back, and only to one that answered before it.",
            ),
        )

    def has_publishing_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        """Whether the role may change what answers."""
        return _may(request, Action.PUBLISH_PROMPTS)

    def has_drafting_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        """Whether the role may make a draft."""
        return _may(request, Action.EDIT_PROMPTS)

    def _take(self, request: HttpRequest, release: Release, step: "Step") -> HttpResponse:
        """Ask, then do. What stands against it is told where one came from."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        back = reverse("admin:agent_release_change", args=[release.pk])
        if step.name not in steps_from(release) or step.becomes is None:
            self.message_user(request, step.refusal, messages.ERROR)
            return HttpResponseRedirect(back)
        current = releases.current_release()
        answering = current.number if current is not None else None
        form = StepForm(
            request.POST or None,
            initial={"note": release.note if step.name == "publish" else "", "answering": answering},
        )
        if request.method != "POST" or not form.is_valid():
            context = {
                **self.admin_site.each_context(request),
                "opts": self.model._meta,
                "title": step.heading,
                "heading": step.heading,
                "explanation": step.explanation,
                "verb": step.verb,
                "form": form,
                "back_url": back,
                "lessons": lessons_of(release, current) if step.name == "publish" else None,
                **_shown(current, step.becomes),
            }
            return TemplateResponse(request, "admin/agent/confirm_step.html", context)
        seen = form.cleaned_data["answering"]
        if seen is not None and seen != answering:
            self.message_user(
                request, f"{current} was published meanwhile. See what pressing changes now.", messages.ERROR
            )
            return HttpResponseRedirect(request.path)
        try:
            done: Release = step.deed(form.cleaned_data["note"], form.cleaned_data["accept_worse"])
        except self.expected_errors() as problem:
            self.message_user(request, str(problem), messages.ERROR)
            return HttpResponseRedirect(back)
        if done.state == Release.State.DRAFT and step.name == "publish":
            self.message_user(request, AGREED, messages.WARNING)
            return HttpResponseRedirect(back)
        if step.name == "roll_back" and done == current:
            self.message_user(request, ASKED_BACK, messages.WARNING)
            return HttpResponseRedirect(back)
        waits = done.state == Release.State.PUBLISHED and done.fit_at is not None
        told = "Published; answers follow it once its examples are learnt, in some seconds." if waits else step.told
        self.message_user(request, told, messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:agent_release_change", args=[done.pk]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step from a release. ``becomes`` is what the answers would follow after it, compared with what they follow now."""

    name: str
    becomes: Release | None
    deed: Callable[[str, bool], Release]
    told: str
    heading: str
    explanation: str
    verb: str
    refusal: str


def steps_from(release: Release) -> frozenset[str]:
    """What can be done with a release as it stands: ReleaseAdmin's actions by name."""
    if release.state == Release.State.DRAFT:
        return frozenset({"publish"})
    if release.state == Release.State.PUBLISHED and releases.earlier_release() is not None:
        return frozenset({"draft", "roll_back"})
    return frozenset({"draft"})


def _changes(release: Release) -> dict[str, Any]:
    """What a draft changes against what answers now, and any other release against the one it was made from."""
    current = releases.current_release()
    base = current if release.state == Release.State.DRAFT else release.based_on
    return {"lessons": lessons_of(release, current), **_shown(base, release)}


def _shown(before: Release | None, after: Release) -> dict[str, Any]:
    """In which ``after`` differs from ``before``, as the template wants it."""
    found = changes_between(before, after) if before is not None else []
    return {"base": before, "changes": found[:MOST_CHANGES], "more": max(0, len(found) - MOST_CHANGES)}


def _may(request: HttpRequest, what: Action) -> bool:
    user: Any = request.user
    return allows(user, what)
