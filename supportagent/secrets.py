"""The embedded default's own secrets: made at first start, kept in one file that only its owner reads."""

import base64
import json
import os
import secrets
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

FILE_NAME = "secrets.json"
_WORDS = (
    "amber",
    "birch",
    "cedar",
    "delta",
    "ember",
    "fjord",
    "grove",
    "harbor",
    "island",
    "juniper",
    "lagoon",
    "maple",
)


def load_or_create(folder: Path) -> dict[str, str]:
    """The secrets kept under ``folder``; those that are missing are made and kept.

    Raises ImproperlyConfigured, whose message is one sentence for the person who starts this.
    """
    path = folder / FILE_NAME
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        keep_private(path)
        kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        fresh = {name: make() for name, make in _MAKERS.items() if name not in kept}
        if fresh:
            kept |= fresh
            _write(path, kept)
    except OSError as error:
        raise ImproperlyConfigured(
            f"The folder {folder} cannot be used ({error.strerror}): make it writable, or set VAR_DIR to a folder that is."
        ) from error
    except ValueError as error:
        raise ImproperlyConfigured(
            f"The file {path} is damaged: put a good copy of it back, or delete {folder} to start with nothing."
        ) from error
    return kept


def keep_private(path: Path) -> None:
    """Take the rights that others have to a file or folder, if it is there and ours."""
    with suppress(FileNotFoundError, PermissionError):
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            path.chmod(mode & 0o700)


def _write(path: Path, content: dict[str, str]) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    temporary.touch(mode=0o600)
    temporary.write_text(json.dumps(content, indent=1))
    temporary.replace(path)


def _password() -> str:
    return f"{secrets.choice(_WORDS)}-{secrets.choice(_WORDS)}-{secrets.token_hex(3)}"


def _webhook_secret() -> str:
    """In the form of Standard Webhooks."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


_MAKERS: dict[str, Callable[[], str]] = {
    "SECRET_KEY": lambda: secrets.token_urlsafe(50),
    "FIELD_ENCRYPTION_KEY": lambda: Fernet.generate_key().decode(),
    "DEMO_PASSWORD": _password,
    "CHAT_PUBLIC_KEY": lambda: secrets.token_hex(16),
    "SIM_CLIENT_SECRET": lambda: secrets.token_hex(20),
    "SIM_ACCESS_TOKEN": lambda: f"act.{secrets.token_urlsafe(24)}",
    "SIM_REFRESH_TOKEN": lambda: f"rft.{secrets.token_urlsafe(24)}",
    "SIM_PARTNER_SECRET": _webhook_secret,
    "SIM_SUBSCRIBER_SECRET": _webhook_secret,
    "SIM_ORDERS_SECRET": _webhook_secret,
}
