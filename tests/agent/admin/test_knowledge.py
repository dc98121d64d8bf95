"""Articles in the admin: written whole, published by a release, withdrawn by one."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from agent.exceptions import ArticleAudienceFixed
from agent.knowledge import services as knowledge
from agent.models import Article, ArticleVersion, Release
from agent.releases import services as releases
from agent.runtime import Runtime
from agent.services import answer
from conversations.models import Message
from core.models import AuditEvent, User
from core.policy import Role
from tests.conversations.talk import wrote
from tests.factories import make_user

pytestmark = pytest.mark.django_db

ADD = reverse("admin:agent_article_add")
LIST = reverse("admin:agent_article_changelist")
SUNDAYS = {
    "title": "Juggling lessons",
    "slug": "juggling",
    "language": "en",
    "audience": "public",
    "owner": "",
    "valid_until": "",
    "body": "## Where\n\nJuggling lessons are given in the yellow barn on Sundays at 11.\n\n## Price\n\nA lesson costs 9 euros.",
    "questions": "Do you give juggling lessons?\n# Price\nWhat does a juggling lesson cost?",
}


def page_of(article: Article, page: str = "change") -> str:
    return reverse(f"admin:agent_article_{page}", args=[article.pk])


def filled(client: Client, article: Article) -> dict[str, object]:
    """What an article's form sends if nothing is changed on it."""
    page = client.get(page_of(article)).context
    form = page["adminform"].form
    management = page["inline_admin_formsets"][0].formset.management_form
    return {
        **{name: form.initial.get(name) or "" for name in form.fields},
        **{management.add_prefix(name): management.initial[name] for name in management.fields},
    }


def errors_of(answered: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = answered.context["adminform"].form.errors
    return found


def told(text: str, mind: Runtime, *, thread: str) -> str:
    """What a new customer who writes this is told."""
    conversation = wrote(text, thread=thread)
    answer(conversation.pk, mind)
    return Message.objects.filter(conversation=conversation, direction="out").latest("seq").text


def test_a_new_article_is_quoted_once_it_is_published(as_editor: Client, mind: Runtime) -> None:
    question = "What does a juggling lesson cost?"
    assert f'href="{ADD}"' in as_editor.get(LIST).content.decode()

    saved = as_editor.post(ADD, SUNDAYS, follow=True).content.decode()
    draft = Release.objects.drafts().get()
    assert f"Saved in draft release {draft.number}" in saved
    assert f"New in draft {draft.number}" in saved
    shown = as_editor.get(reverse("admin:agent_release_publish", args=[draft.pk])).content.decode()
    assert "juggling (en)" in shown
    assert "9 euros" not in told(question, mind, thread="before")

    as_editor.post(reverse("admin:agent_release_publish", args=[draft.pk]), {"note": "Lessons"})

    assert "9 euros" in told(question, mind, thread="after")
    source = Message.objects.filter(direction="out").latest("pk").sources[0]
    assert source["title"] == "Juggling lessons"


def test_an_article_is_stored_with_its_questions_its_owner_and_a_word_in_the_trail(
    as_editor: Client, editor: User, first_release: Release
) -> None:
    day = timezone.localdate() + timedelta(days=30)

    as_editor.post(ADD, SUNDAYS | {"slug": "", "owner": editor.pk, "valid_until": day.isoformat()})

    article = Article.objects.get(slug="juggling-lessons")
    version = article.versions.get()
    assert (article.owner, article.valid_until, version.author) == (editor, day, editor)
    assert version.questions == {
        "": ["Do you give juggling lessons?"],
        "Price": ["What does a juggling lesson cost?"],
    }
    actions = set(AuditEvent.objects.values_list("action", flat=True))
    assert {"article.saved", "article.entrusted", "release.article_used"} <= actions


@pytest.mark.parametrize(
    ("wrong", "field", "words"),
    [
        ({"title": " "}, "title", "needs a title"),
        ({"body": " \n"}, "body", "needs a title and a text"),
        ({"body": "<!-- only a remark -->"}, "body", "needs a title and a text"),
        ({"body": "x" * (knowledge.MOST_CHARACTERS + 1)}, "body", "at most 100000"),
        ({"slug": "two words"}, "slug", "hyphens"),
        ({"slug": "", "title": "???"}, "slug", "give it one"),
        ({"slug": "returns"}, "slug", "already"),
        ({"language": "xx"}, "language", "valid choice"),
        ({"valid_until": "2020-01-01"}, "valid_until", "over"),
        ({"questions": "q" * 301}, "questions", "at most 300"),
        ({"questions": "Why?\n" * 201}, "questions", "at most 200"),
    ],
)
def test_what_does_not_fit_is_said_at_its_field_and_nothing_is_saved(
    as_editor: Client, first_release: Release, wrong: dict[str, str], field: str, words: str
) -> None:
    before = ArticleVersion.objects.count()

    answered = as_editor.post(ADD, SUNDAYS | wrong)

    assert words in " ".join(errors_of(answered)[field])
    assert ArticleVersion.objects.count() == before
    assert not Release.objects.drafts().exists()


def test_a_name_may_be_taken_in_another_language(as_editor: Client, first_release: Release) -> None:
    as_editor.post(ADD, SUNDAYS)
    as_editor.post(ADD, SUNDAYS | {"language": "de"})

    assert set(Article.objects.filter(slug="juggling").values_list("language", flat=True)) == {"en", "de"}


def test_a_change_is_the_next_version_in_the_draft_and_is_shown_with_its_passages(
    as_editor: Client, first_release: Release
) -> None:
    article = Article.objects.get(slug="returns", language="en")

    as_editor.post(page_of(article), filled(as_editor, article) | {"body": "## Days\n\nYou have 99 days."})

    draft = Release.objects.drafts().get()
    assert draft.articles.get(article=article).number == 2
    assert first_release.articles.get(article=article).number == 1
    shown = as_editor.get(page_of(article)).content.decode()
    assert f"Changed in draft {draft.number}" in shown
    assert "Customers are answered from version 1" in shown
    assert "Passages of version 2" in shown
    assert shown.count("You have 99 days.") == 2
    assert reverse("admin:agent_articleversion_change", args=[first_release.articles.get(article=article).pk]) in shown


def test_who_looks_after_an_article_is_changed_without_a_draft(
    as_editor: Client, editor: User, first_release: Release
) -> None:
    article = Article.objects.get(slug="returns", language="en")

    saved = as_editor.post(page_of(article), filled(as_editor, article) | {"owner": editor.pk}, follow=True)

    article.refresh_from_db()
    assert article.owner == editor
    assert "nothing to publish" in saved.content.decode()
    assert article.versions.count() == 1
    assert not Release.objects.drafts().exists()


def test_the_audience_of_a_published_article_stays(as_editor: Client, first_release: Release) -> None:
    article = Article.objects.get(slug="goodwill-internal", language="en")

    assert "audience" not in as_editor.get(page_of(article)).context["adminform"].form.fields
    with pytest.raises(ArticleAudienceFixed):
        knowledge.save_article(
            knowledge.ArticleText(slug=article.slug, language="en", title="For all", body="Anybody."), None
        )


def test_the_audience_of_an_article_that_is_only_drafted_can_be_changed(
    as_editor: Client, first_release: Release
) -> None:
    as_editor.post(ADD, SUNDAYS)
    article = Article.objects.get(slug="juggling")

    as_editor.post(page_of(article), filled(as_editor, article) | {"audience": "internal"})

    article.refresh_from_db()
    assert article.audience == "internal"


def test_a_withdrawn_article_is_answered_from_until_that_is_published(
    as_editor: Client, first_release: Release
) -> None:
    article = Article.objects.get(slug="returns", language="en")
    asked = as_editor.get(page_of(article, "withdraw")).content.decode()
    assert "removed" in asked

    as_editor.post(page_of(article, "withdraw"), {"note": "No longer true"})

    draft = Release.objects.drafts().get()
    assert not draft.articles.filter(article=article).exists()
    assert first_release.articles.filter(article=article).exists()
    assert AuditEvent.objects.get(action="release.article_dropped").reason == "No longer true"
    shown = as_editor.get(page_of(article)).content.decode()
    assert f"Withdrawn in draft {draft.number}" in shown
    assert page_of(article, "withdraw") not in shown
    again = as_editor.post(page_of(article, "withdraw"), {"note": ""}, follow=True)
    assert "nothing to withdraw" in again.content.decode()


def test_saving_a_withdrawn_article_brings_it_back(as_editor: Client, first_release: Release) -> None:
    article = Article.objects.get(slug="returns", language="en")
    as_editor.post(page_of(article, "withdraw"), {"note": ""})

    as_editor.post(page_of(article), filled(as_editor, article))

    assert Release.objects.drafts().get().articles.get(article=article).number == 1


def test_the_list_asks_as_much_for_many_articles_as_for_few(
    as_editor: Client, editor: User, first_release: Release, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    releases.create_draft(editor)
    Article.objects.update(owner=editor)

    with django_assert_max_num_queries(20):
        listed = as_editor.get(LIST)

    assert len(listed.context["cl"].result_list) > 20


def test_a_day_that_is_over_is_marked_in_the_list(as_editor: Client, first_release: Release) -> None:
    Article.objects.filter(slug="returns", language="en").update(valid_until=date(2021, 3, 1))

    listed = as_editor.get(LIST).content.decode()
    assert "1 Mar 2021 (over)" in listed
    assert "Over: nobody is answered from it" in listed


@pytest.mark.parametrize(("asked", "days"), [("over", -1), ("soon", 0), ("soon", 30), ("open", None)])
def test_articles_are_listed_by_whether_they_are_over(
    as_editor: Client, first_release: Release, asked: str, days: int | None
) -> None:
    Article.objects.update(valid_until=timezone.localdate() + timedelta(days=99))
    day = None if days is None else timezone.localdate() + timedelta(days=days)
    Article.objects.filter(slug="returns", language="en").update(valid_until=day)

    listed = as_editor.get(LIST, {"validity": asked}).context["cl"].result_list

    assert [str(article) for article in listed] == ["returns (en)"]


def test_a_viewer_does_not_write_articles(client: Client, first_release: Release) -> None:
    client.force_login(make_user(role=Role.VIEWER))
    article = Article.objects.get(slug="returns", language="en")

    assert client.get(ADD).status_code == 403
    assert client.post(page_of(article), SUNDAYS).status_code == 403
    assert client.post(page_of(article, "withdraw"), {"note": ""}).status_code == 403
    assert not releases.newest_draft()


def test_a_supervisor_reads_an_article_whole(client: Client, first_release: Release) -> None:
    client.force_login(make_user(role=Role.SUPERVISOR))
    version = first_release.articles.get(article__slug="returns", article__language="en")

    shown = client.get(page_of(version.article)).content.decode()

    assert version.body.splitlines()[0].strip("# ") in shown


def test_versions_are_only_read(as_editor: Client, first_release: Release) -> None:
    version = first_release.articles.get(article__slug="returns", article__language="en")
    page = reverse("admin:agent_articleversion_change", args=[version.pk])

    shown = as_editor.get(page).content.decode()

    assert "&quot;]" not in shown
    assert next(iter(version.questions.values()))[0] in shown
    assert as_editor.post(page, {"title": "New"}).status_code == 403


def test_whoever_saves_an_address_that_no_answer_will_hold_is_told(as_editor: Client, first_release: Release) -> None:
    trap = {"body": "Returns take 30 days. Start at evil.example/login or at tarnhollow.example/returns."}
    hidden = {"slug": "two", "body": "Lessons are on Sundays. <span style='font-size:0'>See evil.example/login</span>"}

    warned = as_editor.post(ADD, SUNDAYS | trap, follow=True).content.decode()
    silent = as_editor.post(ADD, SUNDAYS | hidden, follow=True).content.decode()

    assert "Answers leave out evil.example/login: only hosts in “links.allowed” may be linked to." in warned
    assert "Saved in draft release" in silent
    assert "Answers leave out" not in silent
    assert ArticleVersion.objects.get(article__slug="two").body == "Lessons are on Sundays."
