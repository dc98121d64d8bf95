"""Imports in the admin: files are chosen, read in the background, and what came of them stands on the page."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from agent.knowledge.files import MOST_BYTES
from agent.knowledge.given import GivenFile
from agent.models import ImportJob, Release
from agent.services import importing

pytestmark = pytest.mark.django_db

ADD = reverse("admin:agent_importjob_add")


def upload(name: str, content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def test_files_are_chosen_and_their_results_shown(as_editor: Client, first_release: Release) -> None:
    assert 'type="file"' in as_editor.get(ADD).content.decode()
    files = [upload("barn.md", b"# The barn\n\nIt is yellow."), upload("plan.docx", b"PK")]

    asked = as_editor.post(ADD, {"uploads": files, "language": "en", "audience": "public"})

    job = ImportJob.objects.get()
    page = reverse("admin:agent_importjob_change", args=[job.pk])
    assert (asked.status_code, asked["Location"]) == (302, page)
    waiting = as_editor.get(page)
    assert waiting["Refresh"] == "2"
    assert "0 of 2" in waiting.content.decode()
    importing.work_import(job.pk)
    done = as_editor.get(page)
    assert "Refresh" not in done
    shown = done.content.decode()
    assert "2 of 2" in shown
    assert "Articles: 1 new; passages: 1." in shown
    assert "plan.docx" in shown
    assert "kind of file is not read" in shown


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ([], "Choose at least one file"),
        ([upload("a.md", b"")], "empty"),
        ([upload("a.md", b"x" * MOST_BYTES), upload("b.md", b"x")], "knowledge import"),
    ],
)
def test_what_cannot_be_taken_is_said_at_the_field(
    as_editor: Client, first_release: Release, files: list[SimpleUploadedFile], words: str
) -> None:
    answered = as_editor.post(ADD, {"uploads": files, "language": "en", "audience": "public"})

    assert words in " ".join(answered.context["adminform"].form.errors["uploads"])
    assert not ImportJob.objects.exists()


def test_the_list_asks_as_much_for_many_imports_as_for_few(
    as_editor: Client, first_release: Release, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(12):
        importing.begin_import([GivenFile(name=f"{number}.md", content=b"# T\n\nx")], None)

    with django_assert_max_num_queries(15):
        listed = as_editor.get(reverse("admin:agent_importjob_changelist"))

    assert "0 of 1" in listed.content.decode()
