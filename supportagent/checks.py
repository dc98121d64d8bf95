"""System checks: a combination of settings that cannot work stops the start and says what to do."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core import checks


def register() -> None:
    """Make Django run the checks below."""
    checks.register(secrets_are_set)
    checks.register(loopback_is_not_production, deploy=True)
    checks.register(policies_are_set, deploy=True)


def secrets_are_set(app_configs: Sequence[Any] | None = None, **_: Any) -> list[checks.CheckMessage]:
    """Production brings its own keys."""
    found: list[checks.CheckMessage] = []
    if not settings.SECRET_KEY:
        found.append(checks.Error("SECRET_KEY is not set.", hint="Put 50 random characters into SECRET_KEY.", id="supportagent.E001"))
    if not settings.FIELD_ENCRYPTION_KEYS:
        hint = "Set FIELD_ENCRYPTION_KEYS to the output of: python manage.py new_encryption_key"
        found.append(checks.Error("FIELD_ENCRYPTION_KEYS is not set.", hint=hint, id="supportagent.E002"))
    return found


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
        found.append(checks.Error("The session cookie has no __Host- prefix.", hint="Set HTTPS=1.", id="supportagent.E006"))
    return found
