"""The embedded default's own secrets: made at first start, kept in one file that only its owner reads."""

import json
import secrets
from pathlib import Path

from cryptography.fernet import Fernet

FILE_NAME = "secrets.json"


def load_or_create(folder: Path) -> dict[str, str]:
    """The secrets kept under ``folder``; made there if they are not."""
    path = folder / FILE_NAME
    if path.exists():
        kept: dict[str, str] = json.loads(path.read_text())
        return kept
    folder.mkdir(parents=True, exist_ok=True)
    fresh = {
        "SECRET_KEY": secrets.token_urlsafe(50),
        "FIELD_ENCRYPTION_KEY": Fernet.generate_key().decode(),
        "DEMO_PASSWORD": f"{secrets.choice(_WORDS)}-{secrets.choice(_WORDS)}-{secrets.token_hex(3)}",
        "SIM_CLIENT_SECRET": secrets.token_hex(20),
        "SIM_ACCESS_TOKEN": "act." + secrets.token_urlsafe(24),
        "SIM_REFRESH_TOKEN": "rft." + secrets.token_urlsafe(24),
    }
    temporary = path.with_suffix(".new")
    temporary.touch(mode=0o600)
    temporary.write_text(json.dumps(fresh, indent=1))
    temporary.replace(path)
    return fresh


_WORDS = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "harbor", "island", "juniper", "lagoon", "maple")
