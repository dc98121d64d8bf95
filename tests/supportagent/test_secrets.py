"""The embedded default's own secrets."""

import json
import stat
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from supportagent import secrets


def test_secrets_are_made_once_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "var"

    first = secrets.load_or_create(folder)
    second = secrets.load_or_create(folder)

    assert first == second
    assert len(set(first.values())) == len(first)
    assert stat.S_IMODE((folder / secrets.FILE_NAME).stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == [secrets.FILE_NAME]


def test_what_was_open_to_others_is_closed_again(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    secrets.load_or_create(folder)
    (folder / secrets.FILE_NAME).chmod(0o644)

    secrets.load_or_create(folder)

    assert stat.S_IMODE((folder / secrets.FILE_NAME).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_secret_that_came_later_is_added_and_the_others_stay(tmp_path: Path) -> None:
    before = secrets.load_or_create(tmp_path)
    old = {name: value for name, value in before.items() if name != "CHAT_PUBLIC_KEY"}
    (tmp_path / secrets.FILE_NAME).write_text(json.dumps(old))

    after = secrets.load_or_create(tmp_path)

    assert {name: value for name, value in after.items() if name != "CHAT_PUBLIC_KEY"} == old
    assert len(after["CHAT_PUBLIC_KEY"]) == 32


def test_a_customers_picture_is_its_owners_alone() -> None:
    name = default_storage.save("attachments/2026/07/shoe.png", ContentFile(b"x"))

    assert stat.S_IMODE(Path(default_storage.path(name)).stat().st_mode) == 0o600
    assert stat.S_IMODE(Path(default_storage.path(name)).parent.stat().st_mode) == 0o700


def test_a_folder_that_cannot_be_used_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(
        ImproperlyConfigured, match=r"^The folder .* cannot be used .*set VAR_DIR to a folder that is\.$"
    ):
        secrets.load_or_create(tmp_path / "file" / "var")


def test_a_damaged_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / secrets.FILE_NAME).write_text("{")

    with pytest.raises(ImproperlyConfigured, match="is damaged"):
        secrets.load_or_create(tmp_path)
