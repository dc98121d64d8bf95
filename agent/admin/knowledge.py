"""Articles in the admin: written whole, saved as their next version in a draft release, and withdrawn by a draft too."""

from collections.abc import Mapping
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import IntegerField, OuterRef, QuerySet, Subquery, Value
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import Truncator
from unfold.decorators import action, display

from agent.admin.article_form import LETTERS_OF_A_TITLE, ArticleForm
from agent.admin.base import AgentAdmin
from agent.admin.steps import StepForm
from agent.knowledge import questions
from agent.knowledge import services as knowledge
from agent.models import Article, ArticleVersion, Passage, Release
from agent.releases import editing
from agent.releases import services as releases
from agent.releases.changes import Change
from core.policy import Action, allows
from core.policy_admin import RowsInline

VERSIONS_A_PAGE = 10
MOST_PASSAGES = 200
STANDINGS = {"published": "success", "draft": "warning", "unused": "info"}


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
    per_page = VERSIONS_A_PAGE


@admin.register(Article)
class ArticleAdmin(AgentAdmin):
    """Articles."""

    change_action = add_action = Action.EDIT_PROMPTS
    form = ArticleForm
    list_display = ["shown_title", "slug", "language", "audience", "standing", "until", "owner"]
    list_filter = ["language", "audience"]
    list_select_related = ["owner"]
    search_fields = ["slug", "versions__title"]
    list_before_template = "admin/agent/_drafts.html"
    inlines = [VersionInline]
    actions_detail = ["withdraw"]
    change_form_outer_before_template = "admin/agent/_article_standing.html"
    change_form_outer_after_template = "admin/agent/_passages.html"

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Article]":
        """With the newest title, and the versions that the published release and the newest draft use."""
        rows: QuerySet[Article] = super().get_queryset(request)
        draft = releases.newest_draft()
        of_article = ArticleVersion.objects.filter(article=OuterRef("pk"))
        return rows.annotate(
            newest_title=Subquery(of_article.order_by("-number").values("title")[:1]),
            published_version=Subquery(of_article.filter(releases__state=Release.State.PUBLISHED).values("number")[:1]),
            draft_version=Subquery(of_article.filter(releases=draft).values("number")[:1]),
            draft_number=Value(draft.number if draft else None, output_field=IntegerField()),
        )

    @admin.display(description="Title", ordering="newest_title")
    def shown_title(self, article: Any) -> str:
        """How the newest version is called."""
        return Truncator(article.newest_title or article.slug).chars(LETTERS_OF_A_TITLE)

    @display(description="Where it stands", label=STANDINGS)  # type: ignore[untyped-decorator]  # unfold has no types
    def standing(self, article: Any) -> tuple[str, str]:
        """Whether customers are answered from it, and what the draft makes of that."""
        return standing_of(article)

    @admin.display(description="Valid until", ordering="valid_until")
    def until(self, article: Article) -> str:
        """The day, marked when it is over."""
        if article.valid_until is None:
            return ""
        over = " (over)" if article.valid_until < timezone.localdate() else ""
        return date_format(article.valid_until, "j M Y") + over

    @admin.display(description="Text")
    def shown_body(self, article: Article) -> str:
        """For those who only read."""
        newest = article.newest_version
        return newest.body if newest is not None else ""

    @admin.display(description="Example questions")
    def shown_questions(self, article: Article) -> str:
        """For those who only read."""
        newest = article.newest_version
        return questions.written(newest.questions) if newest is not None else ""

    def get_fieldsets(self, request: HttpRequest, obj: Article | None = None) -> Any:
        """What it says, and who it is for; the same for those who only read."""
        writes = self.has_change_permission(request, obj)
        says = ["title", "body", "questions"] if writes else ["shown_title", "shown_body", "shown_questions"]
        return [
            ("What it says", {"fields": says}),
            ("What it is", {"fields": ["slug", "language", "audience", "owner", "valid_until"]}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Article | None = None) -> list[str]:
        """What names an article stays, and its audience once it was published."""
        if obj is None:
            return []
        return ["slug", "language", *(["audience"] if obj.was_published else [])]

    def get_inlines(self, request: HttpRequest, obj: Article | None) -> list[Any]:
        """A new article has no versions to show."""
        return self.inlines if obj is not None else []

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Whoever writes it looks after it."""
        user: Any = request.user
        return {"owner": user.pk, **super().get_changeform_initial_data(request)}

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """With the draft that waits to be published."""
        draft = releases.newest_draft()
        page: HttpResponse = super().changelist_view(
            request, (extra_context or {}) | {"open_drafts": [draft] if draft else []}
        )
        return page

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """With where the article stands and what can be quoted of it. What came up meanwhile is told on the same page."""
        more: Mapping[str, Any] = {}
        article = self.get_object(request, object_id) if object_id else None
        if article is not None:
            draft, newest = releases.newest_draft(), article.newest_version
            more = {
                "draft": draft,
                "newest": newest,
                "standing": standing_of(article)[1],
                "passages": newest.passages.all()[:MOST_PASSAGES] if newest else [],
            }
        try:
            page: HttpResponse = super().changeform_view(
                request, object_id, form_url, {**(extra_context or {}), **more}
            )
        except self.expected_errors() as problem:
            self.message_user(request, str(problem), messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())
        return page

    def save_model(self, request: HttpRequest, obj: Article, form: ArticleForm, change: bool) -> None:
        """Save it as the next version in a draft, and say where it went."""
        user: Any = request.user
        care = {name: form.cleaned_data[name] for name in ("owner", "valid_until")}
        if change:
            knowledge.entrust(Article.objects.get(pk=obj.pk), user, **care)
            draft = editing.revise_article(form.text(), user)
        else:
            article, draft = editing.write_article(form.text(), user, **care)
            obj.pk = article.pk
        if draft is None:
            told = "Saved. The text is as it was, so there is nothing to publish."
        else:
            told = f"Saved in draft release {draft.number}. Customers are answered from it when that is published."
        self.message_user(request, told, messages.SUCCESS)

    def response_add(self, request: HttpRequest, obj: Article, post_url_continue: str | None = None) -> HttpResponse:
        """Where the button says, without a second message."""
        return self._go_on(request, obj)

    def response_change(self, request: HttpRequest, obj: Article) -> HttpResponse:
        """Where the button says, without a second message."""
        return self._go_on(request, obj)

    def _go_on(self, request: HttpRequest, article: Article) -> HttpResponse:
        if "_continue" in request.POST:
            return HttpResponseRedirect(reverse("admin:agent_article_change", args=[article.pk]))
        if "_addanother" in request.POST:
            return HttpResponseRedirect(reverse("admin:agent_article_add"))
        return HttpResponseRedirect(reverse("admin:agent_article_changelist"))

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """The audit trail has it."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """The audit trail has it."""

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Without the button where nothing uses the article."""
        article = self.get_object(request, str(object_id))
        in_use = article is not None and editing.version_in_use(article) is not None
        return super().get_actions_detail(request, object_id) if in_use else []

    def has_withdrawing_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        """Whether the button is shown."""
        user: Any = request.user
        return allows(user, Action.EDIT_PROMPTS)

    @action(description="Withdraw", url_path="withdraw", icon="unpublished", permissions=["withdrawing"])  # type: ignore[untyped-decorator]
    def withdraw(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Ask, then leave it out of a draft."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        article = get_object_or_404(Article, pk=object_id)
        back = reverse("admin:agent_article_change", args=[article.pk])
        used = editing.version_in_use(article)
        form = StepForm(request.POST or None)
        if used is not None and (request.method != "POST" or not form.is_valid()):
            heading = f"Withdraw “{used.title}”"
            context = {
                **self.admin_site.each_context(request),
                "opts": self.model._meta,
                "title": heading,
                "heading": heading,
                "explanation": "A draft release leaves it out. Customers are answered from it until that is published. "
                "Its versions stay: saving it again brings it back.",
                "verb": "Withdraw",
                "form": form,
                "back_url": back,
                "base": releases.newest_draft() or releases.current_release(),
                "changes": [Change(kind="Article", name=str(article), before=f"{used.title}\n{used.body}", after=None)],
                "more": 0,
            }
            return TemplateResponse(request, "admin/agent/confirm_step.html", context)
        user: Any = request.user
        note = form.cleaned_data["note"] if used is not None else ""
        try:
            draft = editing.withdraw_article(article, user, reason=note)
        except self.expected_errors() as problem:
            self.message_user(request, str(problem), messages.ERROR)
            return HttpResponseRedirect(back)
        self.message_user(
            request, f"Left out of draft release {draft.number}. It counts when that is published.", messages.SUCCESS
        )
        return HttpResponseRedirect(back)


def standing_of(article: Any) -> tuple[str, str]:
    """Where an article stands, as a colour's name and in words; it is annotated as ``ArticleAdmin``'s rows are."""
    published, drafted = article.published_version, article.draft_version
    if article.draft_number is None or published == drafted:
        return ("published", "Published") if published else ("unused", "In no release")
    if drafted is None:
        return "draft", f"Withdrawn in draft {article.draft_number}"
    return "draft", f"{'Changed' if published else 'New'} in draft {article.draft_number}"


@admin.register(ArticleVersion)
class ArticleVersionAdmin(AgentAdmin):
    """Versions of articles: what was said when, only to be read. They are written on the article's page."""

    list_display = ["title", "article", "number", "author", "created_at"]
    list_select_related = ["article", "author"]
    search_fields = ["title", "body"]
    fields = ["article", "number", "title", "body", "shown_questions", "author", "created_at"]
    readonly_fields = fields
    inlines = [PassageInline]

    @admin.display(description="Example questions")
    def shown_questions(self, version: ArticleVersion) -> str:
        """One a line, below the headings they belong to."""
        return questions.written(version.questions)


@admin.register(Passage)
class PassageAdmin(AgentAdmin):
    """Passages."""

    list_display = ["version", "position", "heading", "beginning"]
    list_select_related = ["version"]
    search_fields = ["text", "heading"]

    @admin.display(description="Text")
    def beginning(self, passage: Passage) -> str:
        """How it begins; the whole is on its own page."""
        return Truncator(passage.text).chars(2 * LETTERS_OF_A_TITLE)
