"""Our own settings, as they come out of an environment, asked in a process of their own."""

import os
import subprocess
import sys
from pathlib import Path

from tests.environment import FORGOTTEN

PRODUCTION = {
    "DATABASE_URL": "postgres://a@a.invalid/a",
    "REDIS_URL": "redis://a.invalid",
    "SECRET_KEY": "only-for-this-test-0123456789-abcdefghijklmnopqrstuvwxyz",
    "FIELD_ENCRYPTION_KEYS": "a",
    "HTTPS": "1",
}


def settings_say(folder: Path, code: str, **variables: str) -> str:
    """What the code prints under our settings with these variables, and none that the tests themselves run with."""
    usual = {name: value for name, value in os.environ.items() if name not in FORGOTTEN}
    own = {"ENV_FILE": os.devnull, "VAR_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "supportagent.settings"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=usual | own | variables, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()
