"""The knobs of the simulated platform, changeable while it runs."""

import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any


class InvalidSettings(ValueError):
    """A knob that does not exist, or a value it cannot take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Seconds unless the name says otherwise. The defaults are what the platform documents."""

    query_limit_per_minute: int = 60
    window_messages: int = 10
    window_hours: float = 48.0
    sender_actions_count: bool = False
    access_token_seconds: float = 86_400.0
    refresh_token_seconds: float = 31_536_000.0
    auth_code_seconds: float = 600.0
    old_access_token_grace_seconds: float = 30.0
    rotate_refresh_token: bool = True
    webhook_timeout_seconds: float = 10.0
    retry_factor: float = 1.0
    retry_for_hours: float = 72.0
    resign_retries: bool = True
    echo_delay_seconds: float = 0.0
    send_images: bool = True
    linkedin_calls_per_minute: int = 100
    linkedin_token_seconds: float = 5_184_000.0
    linkedin_refresh_tokens: bool = True
    linkedin_challenge_seconds: float = 7_200.0
    linkedin_retry_seconds: float = 300.0
    linkedin_decorated: bool = True
    linkedin_administers: bool = True
    linkedin_administers_all: bool = False
    linkedin_subscription_seconds: float = 31_536_000.0


class Knobs:
    """The settings in force; replaced whole, so that a reader sees one consistent set."""

    def __init__(self, settings: Settings | None = None) -> None:
        self._lock = threading.Lock()
        self._now = settings or Settings()

    @property
    def now(self) -> Settings:
        """The settings in force."""
        return self._now

    def change(self, values: Mapping[str, Any]) -> Settings:
        """Set the named knobs. Raises InvalidSettings and changes nothing when one is unknown or unfit."""
        with self._lock:
            known = {field.name: getattr(self._now, field.name) for field in fields(Settings)}
            for name, value in values.items():
                if name not in known:
                    raise InvalidSettings(f"There is no setting {name!r}; known are {', '.join(sorted(known))}.")
                _check(name, value, like=known[name])
            self._now = replace(self._now, **values)
            return self._now

    def as_json(self) -> dict[str, Any]:
        """The settings in force as a JSON object."""
        return asdict(self._now)


def _check(name: str, value: object, *, like: bool | float) -> None:
    if isinstance(like, bool) or isinstance(value, bool):
        fits = isinstance(like, bool) and isinstance(value, bool)
    else:
        fits = isinstance(value, int if isinstance(like, int) else (int, float)) and value >= 0
    if not fits:
        raise InvalidSettings(f"{name} takes {'true or false' if isinstance(like, bool) else 'a number from 0'}.")
