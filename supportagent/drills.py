"""Crash points strike only where somebody asked for a drill, and never where people are served."""

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from core import crashpoints


def prepare() -> None:
    """Arm the crash points if the settings say so. Raises ImproperlyConfigured with a sentence that says what to do."""
    if settings.CRASH_AT and not settings.CRASH_POINTS:
        raise ImproperlyConfigured("CRASH_AT is for drills: set CRASH_POINTS=1 with it, or leave it out.")
    if not settings.CRASH_POINTS:
        return
    if settings.HTTPS:
        raise ImproperlyConfigured(
            "CRASH_POINTS lets processes die on purpose and is refused where HTTPS is on: leave it out."
        )
    crashpoints.arm(settings.CRASH_AT)
