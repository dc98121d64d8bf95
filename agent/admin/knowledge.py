"""Articles in the admin: each saved as its next version, which a draft release uses."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest

from agent.admin.base import AgentAdmin
from agent.models import Article, ArticleVersion, Passage
from agent.releases import editing
from core.policy import Action
from core.policy_admin import RowsInline


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
