"""Articles in the admin: written whole, saved as their next version in a draft release, and withdrawn by a draft too."""

from collections.abc import Mapping
from datetime import timedelta
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
from agent.models import Article, ArticleVersion, Passage, PassageUse, Release
from agent.releases import editing
from agent.releases import services as releases
from agent.releases.changes import Change
from agent.releases.screening import left_out
from core.policy import Action, Grant, allows, reach
from core.policy_admin import RowsInline

VERSIONS_A_PAGE = 10
MOST_PASSAGES = 200
STANDINGS = {"published": "success", "draft": "warning", "unused": "info", "over": "danger"}
ENDS_SOON = timedelta(days=30)


class UntilWhen(admin.SimpleListFilter):
    """Which articles are over, and which will be within a month."""

    title = "validity"
    parameter_name = "validity"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """What can be asked for."""
        return [
            ("over", "Over: nobody is answered from it"),
            ("soon", "Ends within 30 days"),
            ("open", "Without an end"),
        ]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Article]") -> "QuerySet[Article]":
        """Those that were asked for."""
        today = timezone.localdate()
        if self.value() == "over":
            return queryset.filter(valid_until__lt=today)
        if self.value() == "soon":
            return queryset.filter(valid_until__range=(today, today + ENDS_SOON))
        return queryset.filter(valid_until=None) if self.value() == "open" else queryset


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

    change_action = add_action = Action.EDIT_KNOWLEDGE
    form = ArticleForm
    list_display = ["shown_title", "slug", "language", "audience", "standing", "until", "owner"]
    list_filter = ["language", "audience", UntilWhen]
    list_select_related = ["owner"]
    search_fields = ["slug", "versions__title"]
    list_before_template = "admin/agent/_drafts.html"
    inlines = [VersionInline]
    actions_detail = ["withdraw"]
    change_form_outer_before_template = "admin/agent/_article_standing.html"
    change_form_outer_after_template = "admin/agent/_passages.html"

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever evaluates reads all, and whoever edits what they edit."""
        return super().has_view_permission(request, obj) or self.has_change_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether this article, or any at all, may be edited."""
        user: Any = request.user
        editor = super().has_change_permission(request, obj)
        return editor and (obj is None or allows(user, Action.EDIT_KNOWLEDGE, obj.policy_subject))

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Article]":
        """With the newest title, and the versions that the published release and the newest draft use."""
        rows: QuerySet[Article] = super().get_queryset(request)
        if not super().has_view_permission(request):
            rows = rows.filter(owner=request.user.pk)
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
        over = " (over)" if article.is_over(timezone.localdate()) else ""
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
        owner = ["owner"] if obj is not None or _edits_all(request) else []
        return [
            ("What it says", {"fields": says}),
            ("What it is", {"fields": ["slug", "language", "audience", *owner, "valid_until"]}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Article | None = None) -> list[str]:
        """What names an article stays, its audience once it was published, and its owner for who may edit nobody else's."""
        kept = [] if _edits_all(request) else ["owner"]
        if obj is None:
            return kept
        return [*kept, "slug", "language", *(["audience"] if obj.was_published else [])]

    def get_inlines(self, request: HttpRequest, obj: Article | None) -> list[Any]:
        """A new article has no versions to show; they are for who may read all articles."""
        return self.inlines if obj is not None and super().has_view_permission(request) else []

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Whoever writes it looks after it."""
        user: Any = request.user
        return {"owner": user.pk, **super().get_changeform_initial_data(request)}

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """With the draft that waits to be published."""
        draft = self._draft_to_look_at(request)
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
            draft, newest = self._draft_to_look_at(request), article.newest_version
            more = {
                "draft": draft,
                "newest": newest,
                "standing": standing_of(article)[1],
                "passages": with_use(newest.passages.all())[:MOST_PASSAGES] if newest else [],
            }
        try:
            page: HttpResponse = super().changeform_view(
                request, object_id, form_url, {**(extra_context or {}), **more}
            )
        except self.expected_errors() as problem:
            self.message_user(request, str(problem), messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())
        return page

    def _draft_to_look_at(self, request: HttpRequest) -> Release | None:
        """The draft that is edited, for who may open it."""
        return releases.newest_draft() if super().has_view_permission(request) else None

    def save_model(self, request: HttpRequest, obj: Article, form: ArticleForm, change: bool) -> None:
        """Save it as the next version in a draft, and say where it went."""
        user: Any = request.user
        # Who edits only their own is not asked for an owner.
        care = {"owner": form.cleaned_data.get("owner", user), "valid_until": form.cleaned_data["valid_until"]}
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
        present = draft or releases.current_release()
        text = knowledge.tidied(form.text())
        if present is not None and (warning := left_out(text.body, allowed_hosts=releases.allowed_hosts(present))):
            self.message_user(request, warning, messages.WARNING)

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

    def has_withdrawing_permission(self, request: HttpRequest, object_id: int | None = None) -> bool:
        """Whether the button is shown."""
        return self.has_change_permission(request, Article.objects.filter(pk=object_id or 0).first())

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


def _edits_all(request: HttpRequest) -> bool:
    """Whether everybody's articles may be edited, and so given to somebody else."""
    user: Any = request.user
    return reach(user, Action.EDIT_KNOWLEDGE) is Grant.ALL


def with_use(passages: "QuerySet[Passage]") -> "QuerySet[Passage]":
    """Each with ``use_count`` and ``use_last_at``, None where it was never quoted."""
    use = PassageUse.objects.filter(passage=OuterRef("public_id"))
    return passages.annotate(
        use_count=Subquery(use.values("count")[:1]), use_last_at=Subquery(use.values("last_at")[:1])
    )


def standing_of(article: Any) -> tuple[str, str]:
    """Where an article stands, as a colour's name and in words; it is annotated as ``ArticleAdmin``'s rows are."""
    published, drafted = article.published_version, article.draft_version
    if published and article.is_over(timezone.localdate()):
        return "over", "Over: nobody is answered from it"
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

    list_display = ["version", "position", "heading", "beginning", "quoted", "last_quoted"]
    list_select_related = ["version"]
    search_fields = ["text", "heading"]

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Passage]":
        """With how often and when last each was quoted to customers."""
        rows: QuerySet[Passage] = super().get_queryset(request)
        return with_use(rows)

    @admin.display(description="Quoted", ordering="use_count")
    def quoted(self, passage: Any) -> int:
        """How often, in whichever version and release had this text."""
        return passage.use_count or 0

    @admin.display(description="Last quoted", ordering="use_last_at")
    def last_quoted(self, passage: Any) -> Any:
        """When."""
        return passage.use_last_at

    @admin.display(description="Text")
    def beginning(self, passage: Passage) -> str:
        """How it begins; the whole is on its own page."""
        return Truncator(passage.text).chars(2 * LETTERS_OF_A_TITLE)
