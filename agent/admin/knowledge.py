"""Articles in the admin: written whole, saved as their next version in a draft release, and withdrawn by a draft too."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import IntegerField, OuterRef, QuerySet, Subquery, Value
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import Truncator, slugify
from django.utils.translation import get_language_info
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from agent.admin.base import AgentAdmin
from agent.admin.steps import StepForm
from agent.exceptions import ArticleExists, ArticleUnreadable, DateInThePast
from agent.knowledge import questions
from agent.knowledge import services as knowledge
from agent.models import Article, ArticleVersion, Passage, Release
from agent.releases import editing, keys
from agent.releases import services as releases
from agent.releases.changes import Change
from agent.releases.content import read_content
from core.models import User
from core.policy import Action, allows
from core.policy_admin import RowsInline

VERSIONS_A_PAGE = 10
MOST_PASSAGES = 200
MOST_QUESTIONS = 200
LETTERS_OF_A_TITLE = 60
STANDINGS = {"published": "success", "draft": "warning", "unused": "info"}


class ArticleForm(forms.ModelForm):  # type: ignore[type-arg]
    """An article whole: what the row holds, and what its next version says."""

    title = forms.CharField(
        max_length=knowledge.MOST_TITLE_CHARACTERS,
        widget=UnfoldAdminTextInputWidget,
        help_text="Customers read it as the source of an answer.",
        error_messages={"required": "An article needs a title."},
    )
    slug = forms.SlugField(
        max_length=120,
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="Letters, digits and hyphens, once in each language; left empty it is made of the title.",
        error_messages={"invalid": "Use letters, digits, hyphens and underscores only."},
    )
    language = forms.ChoiceField(
        widget=UnfoldAdminSelectWidget, help_text="The languages are those of the setting “business.languages”."
    )
    body = forms.CharField(
        label="Text",
        max_length=knowledge.MOST_CHARACTERS,
        strip=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 18}),
        help_text="Markdown. A line “## Heading” begins a section; answers are quoted from one section at a time.",
        error_messages={
            "required": "An article needs a text.",
            "max_length": "This text has %(show_value)d characters; an article has at most %(limit_value)d. Make two of it.",
        },
    )
    questions = forms.CharField(
        label="Example questions",
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 6}),
        help_text="Questions that it answers, in a customer's words, one a line. A line “# Heading” puts those below it to "
        "that section of the text.",
    )

    class Meta:
        model = Article
        fields = ["slug", "language", "audience", "owner", "valid_until"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Filled with what the newest version says."""
        super().__init__(*args, **kwargs)
        newest = self.instance.newest if self.instance.pk else None
        if newest is not None:
            self.initial["title"], self.initial["body"] = newest.title, newest.body
            self.initial["questions"] = questions.written(newest.questions)
        if "language" in self.fields:
            self.fields["language"].choices = languages()  # type: ignore[attr-defined]
        if "audience" in self.fields:
            self.fields[
                "audience"
            ].help_text = "Customers are never answered from what is for staff only. Fixed once published."
        if "owner" in self.fields:
            self.fields["owner"].queryset = User.objects.filter(is_active=True)  # type: ignore[attr-defined]
            self.fields["owner"].help_text = "Whoever knows whether it still holds."
        if "valid_until" in self.fields:
            self.fields[
                "valid_until"
            ].help_text = (
                "The list marks it from the day after. It is answered from until somebody changes or withdraws it."
            )

    def clean_questions(self) -> dict[str, list[str]]:
        """By heading; each short enough to be one."""
        found = questions.read(self.cleaned_data["questions"])
        lines = [line for asked in found.values() for line in asked]
        if len(lines) > MOST_QUESTIONS:
            raise forms.ValidationError(f"These are {len(lines)} questions; an article has at most {MOST_QUESTIONS}.")
        for line in lines:
            if len(line) > knowledge.MOST_QUESTION_CHARACTERS:
                raise forms.ValidationError(
                    f"A question has at most {knowledge.MOST_QUESTION_CHARACTERS} characters; this one is longer: "
                    f"“{Truncator(line).chars(LETTERS_OF_A_TITLE)}”"
                )
        return found

    def clean_valid_until(self) -> Any:
        """A new day lies ahead."""
        day = self.cleaned_data["valid_until"]
        try:
            knowledge.check_valid_until(day, before=self.initial.get("valid_until"))
        except DateInThePast as problem:
            raise forms.ValidationError(str(problem)) from None
        return day

    def clean(self) -> dict[str, Any]:
        """With a slug, and words that are left when hidden comments are taken out."""
        found: dict[str, Any] = super().clean() or self.cleaned_data
        if "slug" in self.fields and "slug" in found and not found["slug"]:
            found["slug"] = slugify(found.get("title", ""))[:120]
            if not found["slug"] and "title" in found:
                self.add_error("slug", "No slug can be made of this title: give it one.")
        if found.get("title") and found.get("body"):
            try:
                knowledge.tidied(self.text())
            except ArticleUnreadable as problem:
                self.add_error("body", str(problem))
        if found.get("slug") and found.get("language"):
            taken = Article.objects.filter(slug=found["slug"], language=found["language"]).exists()
            if taken:
                self.add_error("slug", str(ArticleExists(found["slug"], found["language"])))
        return found

    def validate_unique(self) -> None:
        """``clean`` says it in words that help."""

    def text(self) -> knowledge.ArticleText:
        """What the form says, for the services."""
        said = self.cleaned_data
        return knowledge.ArticleText(
            slug=said.get("slug") or self.instance.slug,
            language=said.get("language") or self.instance.language,
            title=said["title"],
            body=said["body"],
            questions=said.get("questions", {}),
            audience=said.get("audience") or self.instance.audience,
        )


def languages() -> list[tuple[str, str]]:
    """The business's languages, the default one first, as a form offers them."""
    current = releases.current_release()
    key = "business.languages"
    codes = read_content(current.pk).settings[key] if current else keys.read(key, keys.KEYS[key].default)
    return [(code, _named(code)) for code in codes]


def _named(code: str) -> str:
    try:
        return str(get_language_info(code)["name"])
    except KeyError:
        return code


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
        newest = article.newest
        return newest.body if newest is not None else ""

    @admin.display(description="Example questions")
    def shown_questions(self, article: Article) -> str:
        """For those who only read."""
        newest = article.newest
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
            draft, newest = releases.newest_draft(), article.newest
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
