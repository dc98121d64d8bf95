"""``manage.py knowledge import``: a line a file, and an exit code that programs can trust."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from agent.models import Article, ImportJob, Release

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> tuple[list[str], str, int]:
    """The lines of standard output, what was said beside it, and the exit code."""
    out, beside = StringIO(), StringIO()
    code = 0
    try:
        call_command("knowledge", "import", *arguments, stdout=out, stderr=beside)
    except CommandError as error:
        beside.write(str(error))
        code = error.returncode
    return out.getvalue().splitlines(), beside.getvalue(), code


def test_a_folder_is_imported_with_a_line_a_file(tmp_path: Path, first_release: Release) -> None:
    (tmp_path / "barn.md").write_text("# The barn\n\nIt is yellow.")

    lines, beside, code = run(str(tmp_path), "--internal", "--language", "de")

    assert lines == [f"Imported: {tmp_path.name}/barn.md: Articles: 1 new; passages: 1."]
    assert "Draft release 2" in beside
    assert code == 0
    article = Article.objects.get(source=f"{tmp_path.name}/barn.md")
    assert (article.audience, article.language) == ("internal", "de")


def test_a_bad_file_is_named_and_the_others_are_imported(tmp_path: Path, first_release: Release) -> None:
    (tmp_path / "a.csv").write_text("question,answer\nWhy?,\n")
    (tmp_path / "b.md").write_text("# B\n\nText.")
    (tmp_path / "c.docx").write_bytes(b"PK")

    lines, beside, code = run(str(tmp_path))

    assert {line.split(":")[0] for line in lines} == {"Not imported", "Imported"}
    assert len(lines) == 3
    assert "2 of 3 files" in beside
    assert code == 1


def test_nothing_to_import_is_an_order_that_was_not_understood(tmp_path: Path, first_release: Release) -> None:
    missing = run(str(tmp_path / "nowhere"))
    empty = run(str(tmp_path))
    language = run(str(tmp_path), "--language", "xx")

    assert [code for _, _, code in (missing, empty, language)] == [2, 2, 2]
    assert not ImportJob.objects.exists()
