"""Duplicates and contradictions in the admin."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import display

from agent.admin.base import AgentAdmin
from agent.models import KnowledgeFinding, Passage
from agent.services import reviewing
from core.policy import Action

KINDS = {"duplicate": "info", "contradiction": "warning", "erased": "danger"}


@admin.register(KnowledgeFinding)
class KnowledgeFindingAdmin(AgentAdmin):
    """Pairs of published passages, and articles drafted from erased customers' words, to look at."""

    view_action = Action.EDIT_KNOWLEDGE
    list_display = ["what", "one", "other", "likeness", "state"]
    list_filter = ["kind", "state"]
    list_select_related = ["left__version", "right__version"]
    actions = ["dismiss", "reopen"]
    fields = ["kind", "one", "other", "likeness", "state", "found_at"]
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> "QuerySet[KnowledgeFinding]":
        """Those that the published release has."""
        rows: QuerySet[KnowledgeFinding] = super().get_queryset(request)
        return rows.filter(is_current=True)

    @display(description="What", label=KINDS)  # type: ignore[untyped-decorator]  # unfold has no types
    def what(self, finding: KnowledgeFinding) -> tuple[str, str]:
        """In colour and in words."""
        return finding.kind, finding.get_kind_display()

    @admin.display(description="One says")
    def one(self, finding: KnowledgeFinding) -> str:
        """The words of the first, and where they stand."""
        return _quoted(finding.left_words, finding.left)

    @admin.display(description="The other says")
    def other(self, finding: KnowledgeFinding) -> str:
        """The words of the second, and where they stand."""
        return _quoted(finding.right_words, finding.right) if _is_pair(finding) else "–"

    @admin.display(description="Alike", ordering="score")
    def likeness(self, finding: KnowledgeFinding) -> str:
        """How near the passages are to one another."""
        return f"{finding.score:.0%}" if _is_pair(finding) else "–"

    @admin.action(description="All right as it is")
    def dismiss(self, request: HttpRequest, findings: "QuerySet[KnowledgeFinding]") -> None:
        """Take the chosen ones off the list of open ones."""
        user: Any = request.user
        self.each(request, findings, lambda finding: reviewing.dismiss(finding, user), done="Dismissed")

    @admin.action(description="Look at it again")
    def reopen(self, request: HttpRequest, findings: "QuerySet[KnowledgeFinding]") -> None:
        """Put the chosen ones back on the list of open ones."""
        user: Any = request.user
        self.each(request, findings, lambda finding: reviewing.reopen(finding, user), done="Opened again")


def _is_pair(finding: KnowledgeFinding) -> bool:
    return finding.kind != KnowledgeFinding.Kind.ERASED


def _quoted(words: str, passage: Passage) -> str:
    address = reverse("admin:agent_article_change", args=[passage.version.article_id])
    return format_html(
        '<div><p class="finding-words">{}</p><a class="underline" href="{}">{}</a></div>',
        words,
        address,
        passage.version.title,
    )
