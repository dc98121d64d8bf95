"""Settings that cannot work are refused, with what to do."""

from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.core.checks import CheckMessage
from django.db import connection
from pytest_django import Settings

from supportagent import checks
from tests.factories import make_user

MOUNTS = """\
21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
40 21 0:40 / /mnt/share rw,relatime shared:9 - nfs4 server:/export rw
41 21 0:41 / /mnt/my\\040disk rw,relatime - cifs //server/disk rw
42 40 8:2 / /mnt/share/local rw,relatime - xfs /dev/sdb rw
"""


def ids(found: list[CheckMessage]) -> list[str]:
    """Which checks spoke."""
    assert all(message.hint for message in found)
    return [str(message.id) for message in found]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib/data/db.sqlite3", "ext4"),
        ("/mnt/share/db.sqlite3", "nfs4"),
        ("/mnt/share/local/db.sqlite3", "xfs"),
        ("/mnt/my disk/db.sqlite3", "cifs"),
        ("/mnt/shared/db.sqlite3", "ext4"),
    ],
)
def test_the_kind_of_file_system_is_that_of_the_nearest_mount(tmp_path: Path, path: str, kind: str) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)

    assert checks.file_system_of(Path(path), mounts) == kind


def test_sqlite_on_a_network_file_system_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"21 1 8:1 / / rw - ext4 /dev/sda1 rw\n40 21 0:40 / {tmp_path} rw - nfs4 server:/export rw\n")
    monkeypatch.setattr(checks, "file_system_of", lambda path: _kind(path, mounts))
    monkeypatch.setitem(connection.settings_dict, "ENGINE", "django.db.backends.sqlite3")

    monkeypatch.setitem(connection.settings_dict, "NAME", str(tmp_path / "db.sqlite3"))
    assert ids(checks.database_file_is_local()) == ["supportagent.E007"]

    monkeypatch.setitem(connection.settings_dict, "NAME", "/var/lib/db.sqlite3")
    assert ids(checks.database_file_is_local()) == []


_kind = checks.file_system_of


@pytest.mark.parametrize(
    ("embedded", "redis", "found"), [(True, "", []), (False, "redis://r:6379", []), (False, "", ["supportagent.W001"])]
)
def test_processes_that_cannot_hear_each_other_are_pointed_out(
    settings: Settings, *, embedded: bool, redis: str, found: list[str]
) -> None:
    settings.EMBEDDED, settings.REDIS_URL = embedded, redis

    assert ids(checks.processes_can_hear_each_other()) == found


@pytest.mark.parametrize(
    ("chain", "cap", "found"), [([], 0, []), (["openai:x"], 5, []), (["openai:x"], 0, ["supportagent.E008"])]
)
def test_models_that_cost_money_need_a_cap(settings: Settings, chain: list[str], cap: float, found: list[str]) -> None:
    settings.MODEL_CHAIN, settings.SPEND_CAP_DOLLARS_PER_DAY = chain, cap
    assert ids(checks.spending_has_a_cap()) == found

    settings.MODEL_CHAIN, settings.TRANSCRIPTION_MODEL = [], "".join(chain)

    assert ids(checks.spending_has_a_cap()) == found


@pytest.mark.django_db
@pytest.mark.parametrize(("password", "found"), [("admin", ["supportagent.E009"]), ("fjord-amber-9c1e22", [])])
def test_a_password_anybody_would_try_is_found(password: str, found: list[str]) -> None:
    admin = make_user(username="admin")
    admin.set_password(password)
    admin.save()

    assert ids(checks.nobody_has_a_default_password(databases=["default"])) == found
    assert checks.nobody_has_a_default_password() == []


def test_production_needs_its_own_keys(settings: Settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = []
    assert ids(checks.secrets_are_set()) == ["supportagent.E002"]

    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode(), "my secret key"]
    assert ids(checks.secrets_are_set()) == ["supportagent.E010"]

    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    assert ids(checks.secrets_are_set()) == []


def test_production_does_not_call_itself(settings: Settings) -> None:
    settings.EGRESS_ALLOW, settings.CELERY_BROKER_URL = ["localhost:*"], "memory://localhost/"

    assert ids(checks.loopback_is_not_production()) == ["supportagent.E003", "supportagent.E004"]
