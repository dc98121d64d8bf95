"""System checks: a combination of settings that cannot work stops the start and says what to do."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.core import checks
from django.db import DatabaseError, connection

from core.fields import cipher
from core.models import User

NETWORK_FILE_SYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "glusterfs", "ceph", "afs", "lustre"}
)
GUESSABLE_PASSWORDS = ("admin", "password", "changeme", "supportagent")
MOUNTS = Path("/proc/self/mountinfo")


def register() -> None:
    """Make Django run the checks below."""
    checks.register(secrets_are_set)
    checks.register(database_file_is_local, checks.Tags.database)
    checks.register(processes_can_hear_each_other)
    checks.register(loopback_is_not_production, deploy=True)
    checks.register(policies_are_set, deploy=True)
    checks.register(spending_has_a_cap, deploy=True)
    checks.register(leases_outlast_calls)
    checks.register(nothing_dies_on_purpose, deploy=True)
    checks.register(nobody_has_a_default_password, checks.Tags.database, deploy=True)


def secrets_are_set(app_configs: Sequence[Any] | None = None, **_: Any) -> list[checks.CheckMessage]:
    """Production brings its own keys. (Without SECRET_KEY Django itself refuses to start.)"""
    hint = "Set FIELD_ENCRYPTION_KEYS to the output of: python manage.py new_encryption_key"
    if not settings.FIELD_ENCRYPTION_KEYS:
        return [checks.Error("FIELD_ENCRYPTION_KEYS is not set.", hint=hint, id="supportagent.E002")]
    try:
        cipher()
    except ValueError:
        message = "FIELD_ENCRYPTION_KEYS holds something that is no key."
        return [checks.Error(message, hint=hint, id="supportagent.E010")]
    return []


def database_file_is_local(app_configs: Sequence[Any] | None = None, **_: Any) -> list[checks.CheckMessage]:
    """SQLite's write-ahead log needs memory that processes share, which no network file system has."""
    database = connection.settings_dict
    if not database["ENGINE"].endswith("sqlite3"):
        return []
    kind = file_system_of(Path(str(database["NAME"])))
    if kind not in NETWORK_FILE_SYSTEMS:
        return []
    hint = "Set VAR_DIR to a folder on a local disk, or DATABASE_URL to a PostgreSQL."
    return [checks.Error(f"The SQLite file lies on a network file system ({kind}).", hint=hint, id="supportagent.E007")]


def processes_can_hear_each_other(app_configs: Sequence[Any] | None = None, **_: Any) -> list[checks.CheckMessage]:
    """What lives in one process's memory reaches no other process."""
    if settings.EMBEDDED or settings.REDIS_URL:
        return []
    hint = "Set REDIS_URL, or let one process do everything: python manage.py up"
    message = "Without Redis, pages in other processes learn of changes only when they look."
    return [checks.Warning(message, hint=hint, id="supportagent.W001")]


def loopback_is_not_production(app_configs: Sequence[Any] | None = None, **_: Any) -> list[checks.CheckMessage]:
    """Production neither calls itself nor runs a broker that dies with its process."""
    found: list[checks.CheckMessage] = []
    if any(entry.startswith(("127.", "localhost", "[::1]")) for entry in settings.EGRESS_ALLOW):
        hint = "Remove it from EGRESS_ALLOW."
        found.append(checks.Error("EGRESS_ALLOW names this machine.", hint=hint, id="supportagent.E003"))
    if settings.CELERY_BROKER_URL.startswith("memory:"):
        found.append(checks.Error("The broker is in memory.", hint="Set REDIS_URL.", id="supportagent.E004"))
    return found


def policies_are_set(app_configs: Sequence[Any] | None = None, **_: Any) -> list[checks.CheckMessage]:
    """The content policy and the cookie prefix are what Django's own checks do not look at."""
    found: list[checks.CheckMessage] = []
    if not settings.CONTENT_SECURITY_POLICY.get("DIRECTIVES"):
        found.append(checks.Error("There is no content security policy.", id="supportagent.E005"))
    if not settings.SESSION_COOKIE_NAME.startswith("__Host-"):
        found.append(
            checks.Error("The session cookie has no __Host- prefix.", hint="Set HTTPS=1.", id="supportagent.E006")
        )
    return found


def spending_has_a_cap(app_configs: Sequence[Any] | None = None, **_: Any) -> list[checks.CheckMessage]:
    """A model that is paid by the word has a limit a day."""
    models = (settings.MODEL_CHAIN, settings.TRANSCRIPTION_MODEL, settings.DESCRIPTION_MODEL)
    if not any(models) or settings.SPEND_CAP_DOLLARS_PER_DAY > 0:
        return []
    hint = "Set SPEND_CAP_DOLLARS_PER_DAY to what a day may cost at most."
    return [checks.Error("Models are used and nothing limits what they cost.", hint=hint, id="supportagent.E008")]


def leases_outlast_calls(app_configs: Sequence[Any] | None = None, **_: Any) -> list[checks.CheckMessage]:
    """A send begins only while its lease holds for the whole call and half as long again."""
    if settings.SEND_LEASE_SECONDS > 1.5 * settings.PLATFORM_CALL_SECONDS:
        return []
    hint = "Set SEND_LEASE_SECONDS to at least twice PLATFORM_CALL_SECONDS."
    return [checks.Error("Nothing could be sent within SEND_LEASE_SECONDS.", hint=hint, id="supportagent.E010")]


def nothing_dies_on_purpose(app_configs: Sequence[Any] | None = None, **_: Any) -> list[checks.CheckMessage]:
    """Crash points are for drills."""
    if not settings.CRASH_POINTS:
        return []
    return [checks.Error("CRASH_POINTS is on.", hint="Leave CRASH_POINTS out.", id="supportagent.E011")]


def nobody_has_a_default_password(
    app_configs: Sequence[Any] | None = None, databases: Sequence[str] | None = None, **_: Any
) -> list[checks.CheckMessage]:
    """The first password anybody would try opens no door. Asked where the database is (``check --database default``)."""
    if not databases:
        return []
    try:
        admin = User.objects.filter(username="admin", is_active=True).first()
    except DatabaseError:
        return []
    if admin is None or not any(check_password(word, admin.password) for word in GUESSABLE_PASSWORDS):
        return []
    hint = "Change it: python manage.py changepassword admin"
    return [checks.Error("The user admin has a password that anybody would try.", hint=hint, id="supportagent.E009")]


def file_system_of(path: Path, mounts: Path = MOUNTS) -> str:
    """The kind of file system ``path`` lies on, as Linux names it; empty where that cannot be told."""
    try:
        lines = mounts.read_text().splitlines()
    except OSError:
        return ""
    resolved = path.resolve()
    best, kind = -1, ""
    for line in lines:
        before, _, after = line.partition(" - ")
        point = Path(before.split(" ")[4].replace("\\040", " "))
        if resolved.is_relative_to(point) and len(point.parts) >= best:
            best, kind = len(point.parts), after.split(" ")[0]
    return kind
