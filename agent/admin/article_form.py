"""The form on which an article is written whole; what does not fit is said at its field."""

from typing import Any

from django import forms
from django.utils.text import Truncator, slugify
from django.utils.translation import get_language_info
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from agent.exceptions import ArticleExists, ArticleUnreadable, DateInThePast
from agent.knowledge import questions
from agent.knowledge import services as knowledge
from agent.models import Article
from agent.releases import keys
from agent.releases import services as releases
from agent.releases.content import read_content
from core.models import User

LETTERS_OF_A_TITLE = 60


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
        newest = self.instance.newest_version if self.instance.pk else None
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
                "Customers are answered from it up to this day and no longer; it counts at once, without a release."
            )

    def clean_questions(self) -> dict[str, list[str]]:
        """By heading; each short enough to be one."""
        found = questions.read(self.cleaned_data["questions"])
        lines = [line for asked in found.values() for line in asked]
        if len(lines) > knowledge.MOST_QUESTIONS:
            raise forms.ValidationError(
                f"These are {len(lines)} questions; an article has at most {knowledge.MOST_QUESTIONS}."
            )
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
