"""What a release changes: everything that differs, and nothing else."""

import pytest
from pytest_django import DjangoAssertNumQueries

from agent.knowledge.services import ArticleText
from agent.models import Release
from agent.releases import editing
from agent.releases import services as releases
from agent.releases.changes import changes_between
from agent.releases.first import ensure_first_release

pytestmark = pytest.mark.django_db


def draft_of_first() -> tuple[Release, Release]:
    first = ensure_first_release()
    return first, releases.create_draft(None)


def test_a_fresh_draft_changes_nothing(django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    first, draft = draft_of_first()

    with django_assert_max_num_queries(14):
        assert changes_between(first, draft) == []


def test_each_kind_of_change_is_told_with_both_sides() -> None:
    first, draft = draft_of_first()
    releases.configure("bot.name", "Ida", None, draft=draft)
    releases.set_template(draft, "greeting", "en", "Ahoy!", None)
    draft.phrases.filter(text=draft.phrases.order_by("pk").values("text")[:1]).delete()
    version = draft.articles.order_by("article__slug").first()
    assert version is not None
    article = version.article
    editing.revise_article(
        ArticleText(
            slug=article.slug,
            language=article.language,
            title=version.title,
            body=version.body,
            questions=version.questions | {"": ["One more?"]},
        ),
        None,
    )

    found = changes_between(first, draft)

    assert [(change.kind, change.verb) for change in found[:2]] == [("Setting", "changed"), ("Reply text", "changed")]
    assert (found[0].name, found[0].after) == ("bot.name", "Ida")
    assert found[1].after == "Ahoy!"
    assert {(change.kind, change.verb) for change in found[2:]} == {("Phrase", "removed"), ("Article", "changed")}
    assert (found[-1].after or "").startswith("One more?")


def test_of_long_texts_only_the_lines_that_differ_are_shown() -> None:
    first, draft = draft_of_first()
    long = "\n".join(f"Line {number} of many that stay as they are." for number in range(60))
    releases.set_template(first_editable(first), "greeting", "en", long, None)
    releases.set_template(draft, "greeting", "en", long.replace("Line 30", "Line thirty"), None)

    (change,) = changes_between(first, draft)

    assert change.before == "Line 30 of many that stay as they are."
    assert change.after == "Line thirty of many that stay as they are."


def first_editable(release: Release) -> Release:
    """The release as a draft again, for the sake of a text that was always long."""
    Release.objects.filter(pk=release.pk).update(state=Release.State.DRAFT)
    release.refresh_from_db()
    return release
