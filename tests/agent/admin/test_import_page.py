"""Imports in a real browser: a folder with a mistake in it is read, its progress shows, and the mistake is told."""

import io
import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.playing import PATIENCE, fits, query, sign_in
from tests.product import RunningProduct

if TYPE_CHECKING:
    from playwright.sync_api import FilePayload, Page

expect = pytest.importorskip("playwright.sync_api").expect

pytestmark = pytest.mark.browser


def folder() -> "FilePayload":
    """A folder as a zip: an article, a list of questions, and a file that no text can be read from."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("help/kayaks.md", "# Kayak repair\n\nWe mend kayaks within nine days.")
        archive.writestr("help/faq.csv", "question,answer\nDo you sell paddles?,Yes: in every store.\n")
        archive.writestr("help/broken.pdf", b"%PDF-1.7 nothing")
    return {"name": "help.zip", "mimeType": "application/zip", "buffer": packed.getvalue()}


@pytest.mark.parametrize("window", ["page", "phone"])
def test_a_folder_is_imported_and_what_cannot_be_read_is_told(
    request: pytest.FixtureRequest, window: str, product: RunningProduct
) -> None:
    page: Page = request.getfixturevalue(window)
    sign_in(page, product, "admin")
    page.goto(f"{product.url}/admin/agent/importjob/add/")
    page.locator("input[type=file]").set_input_files([folder()])
    page.locator("button[name=_save]").click()

    # It comes anew by itself until everything is read.
    expect(page.get_by_text("3 of 3").first).to_be_visible(timeout=PATIENCE)
    expect(page.locator("tr.form-row", has_text="broken.pdf")).to_contain_text("Not imported", timeout=PATIENCE)
    assert fits(page)
    assert query(product, "SELECT 1 FROM agent_articleversion WHERE title = 'Kayak repair' LIMIT 1") == [(1,)]


def test_nothing_chosen_is_said_at_the_field(page: "Page", product: RunningProduct) -> None:
    sign_in(page, product, "admin")
    page.goto(f"{product.url}/admin/agent/importjob/add/")

    page.locator("button[name=_save]").click()

    expect(page.get_by_text("Choose at least one file.")).to_be_visible(timeout=PATIENCE)
