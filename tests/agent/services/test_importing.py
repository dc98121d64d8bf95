"""Imports: each file whole or not at all, nothing doubled, nothing lost."""

import pytest

from agent.exceptions import ArticleUnreadable, NothingToImport
from agent.knowledge.given import GivenFile
from agent.knowledge.services import ArticleText, save_article
from agent.models import Article, ArticleVersion, ImportFile, ImportJob, Passage, Release
from agent.releases.services import newest_draft
from agent.services import importing
from core import leases
from core.exceptions import NotAllowed
from core.models import AuditEvent
from core.policy import Role
from tests.factories import make_user

pytestmark = pytest.mark.django_db

FAQ = b"question,answer\nDo you juggle?,On Sundays.\nWhat does it cost?,9 euros.\n"


def given(name: str = "faq.csv", content: bytes = FAQ) -> GivenFile:
    return GivenFile(name=name, content=content)


def imported(*files: GivenFile) -> list[ImportFile]:
    """Import the files as an operator; what came of each."""
    job = importing.begin_import(files, None)
    assert importing.work_import(job.pk)
    return list(job.files.all())


def test_files_become_versions_in_a_draft_and_a_bad_one_takes_none_with_it(first_release: Release) -> None:
    bad = given("faq/bad.csv", b"question,answer\nWhy?,\n")
    good, refused, page = imported(given(), bad, given("barn.md", b"# The barn\n\nIt is yellow."))

    assert [(row.state, row.told) for row in (good, refused, page)] == [
        ("done", "Articles: 1 new; passages: 2."),
        ("failed", "A question or an answer is missing in row 2. Fill it in, or take the row out."),
        ("done", "Articles: 1 new; passages: 1."),
    ]
    draft = newest_draft()
    assert draft is not None
    assert set(draft.articles.filter(article__source__gt="").values_list("title", flat=True)) == {"Faq", "The barn"}
    assert not first_release.articles.filter(article__source__gt="").exists()
    assert not ImportFile.objects.exclude(content=b"").exists()
    job = ImportJob.objects.get()
    assert (job.state, importing.counts_of(job)) == ("done", {"done": 2, "failed": 1})
    assert AuditEvent.objects.get(action="knowledge.imported").after == {"done": 2, "failed": 1}


def test_the_same_source_again_is_the_next_version_of_the_same_article(first_release: Release) -> None:
    imported(given())
    before = dict(Passage.objects.filter(version__article__source="faq.csv").values_list("heading", "public_id"))

    (same,) = imported(given())
    (changed,) = imported(given(content=FAQ.replace(b"9 euros", b"10 euros")))

    assert (same.state, same.articles_unchanged) == ("unchanged", 1)
    assert (changed.state, changed.articles_changed) == ("done", 1)
    article = Article.objects.get(source="faq.csv")
    assert list(article.versions.values_list("number", flat=True)) == [2, 1]
    draft = newest_draft()
    assert draft is not None
    used = draft.articles.get(article=article)
    after = dict(used.passages.values_list("heading", "public_id"))
    assert (used.number, after["Do you juggle?"]) == (2, before["Do you juggle?"])
    assert after["What does it cost?"] != before["What does it cost?"]


def test_a_file_takes_no_article_that_somebody_wrote_unless_it_names_it(first_release: Release) -> None:
    written = save_article(ArticleText(slug="barn", language="en", title="Barn", body="Red."), None).article

    imported(given("barn.md", b"# Barn\n\nYellow."))
    imported(given("other.md", b'+++\nslug = "barn"\ntitle = "Barn"\n+++\nGreen.'))

    assert Article.objects.get(source="barn.md").slug == "barn-2"
    assert Article.objects.get(source="other.md").pk == written.pk
    assert written.versions.count() == 2


def test_two_files_of_one_import_do_not_take_the_same_article(first_release: Release) -> None:
    front = b'+++\nslug = "barn"\ntitle = "Barn"\n+++\n'

    one, other = imported(given("a.md", front + b"Red."), given("b.md", front + b"Green."))

    assert (one.state, other.state) == ("done", "failed")
    assert "a.md" in other.told


def test_what_a_file_says_no_more_is_named(first_release: Release) -> None:
    rows = b"question,answer,article\nA?,a.,One\nB?,b.,Two\n"
    imported(given(content=rows))

    (again,) = imported(given(content=rows.partition(b"B?")[0]))

    assert again.told == ("Articles: 1 unchanged; passages: 1. No longer in the file, so withdraw what is over: Two.")


def test_an_import_goes_on_where_it_was_killed_and_gives_a_file_up_that_kills(first_release: Release) -> None:
    job = importing.begin_import([given(), given("barn.md", b"# Barn\n\nRed.")], None)
    job.files.filter(position=1).update(attempts=importing.MOST_ATTEMPTS)

    assert importing.due_imports() == [job.pk]
    assert not importing.work_import(job.pk, seconds=-1)
    assert importing.work_import(job.pk)

    assert [row.state for row in job.files.all()] == ["failed", "done"]
    assert importing.due_imports() == []


def test_one_process_works_an_import_at_a_time(first_release: Release) -> None:
    job = importing.begin_import([given()], None)
    leases.take(f"knowledge import {job.pk}", owner="another", seconds=60)

    assert not importing.work_import(job.pk)
    assert job.files.get().state == "waiting"


def test_who_may_not_edit_knowledge_imports_nothing_even_if_the_right_ends_meanwhile(first_release: Release) -> None:
    editor = make_user(role=Role.PROMPT_EDITOR)
    with pytest.raises(NotAllowed):
        importing.begin_import([given()], make_user(role=Role.VIEWER))
    job = importing.begin_import([given()], editor)
    editor.role = Role.VIEWER
    editor.save()

    importing.work_import(job.pk)

    assert job.files.get().state == "failed"
    assert not Article.objects.filter(source="faq.csv").exists()


def test_a_supervisors_import_waits_for_an_editor_where_there_is_no_draft(first_release: Release) -> None:
    job = importing.begin_import([given()], make_user(role=Role.SUPERVISOR))

    importing.work_import(job.pk)

    assert ArticleVersion.objects.filter(article__source="faq.csv").exists()


def test_what_cannot_be_begun_says_why(first_release: Release) -> None:
    with pytest.raises(ArticleUnreadable, match="languages"):
        importing.begin_import([given()], None, language="xx")
    with pytest.raises(NothingToImport):
        importing.begin_import([], None)
    assert not ImportJob.objects.exists()


def test_addresses_that_no_answer_will_hold_are_told(first_release: Release) -> None:
    trap = (
        b"# Barns\n\nStart at barns.elsewhere.example or https://evil.example/login, not at tarnhollow.example/barns."
    )

    first, again = imported(given("barns.md", trap), given("doors.md", b"# Doors\n\nThey open."))

    assert "Answers leave out barns.elsewhere.example, https://evil.example/login: only hosts in" in first.told
    assert "tarnhollow" not in first.told
    assert "leave out" not in again.told
