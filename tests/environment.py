"""What the tests run on, said before Django reads its settings; pytest loads this first (`-p tests.environment`).

By default it is what `make run` starts: SQLite and nothing else, in a folder of this session's own, so that two
sessions never meet. TEST_DATABASE_URL and TEST_REDIS_URL, both or none, put the same tests on PostgreSQL and Redis.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

FOLDER = Path(tempfile.mkdtemp(prefix="supportagent-test-"))
DATABASE_URL = os.environ.get("TEST_DATABASE_URL", "")
REDIS_URL = os.environ.get("TEST_REDIS_URL", "")
ON_SERVICES = bool(DATABASE_URL and REDIS_URL)
# A key that opens nothing; the embedded default makes its own.
ENCRYPTION_KEY = "ZHVtbXkta2V5LWZvci10ZXN0cy1vbmx5LS0zMmJ5dGU="

EMBEDDED_VARIABLES = {
    "ENV_FILE": os.devnull,
    "DEBUG": "0",
    "DEMO": "0",
    "HOST": "127.0.0.1",
    "LOG_LEVEL": "WARNING",
    "LOG_FORMAT": "plain",
    "OPENAI_API_KEY": "",
    "ANTHROPIC_API_KEY": "",
    "MODEL_CHAIN": "",
    "TWO_FACTOR_ROLES": "",
}
SERVICES_VARIABLES = {
    "DATABASE_URL": DATABASE_URL,
    "REDIS_URL": REDIS_URL,
    "SECRET_KEY": "only-for-the-tests-0123456789-abcdefghijklmnopqrstuvwxyz",
    "FIELD_ENCRYPTION_KEYS": ENCRYPTION_KEY,
    "ALLOWED_HOSTS": "*",
    "CSRF_TRUSTED_ORIGINS": "http://testserver",
    "HTTPS": "0",
    "PUBLIC_URL": "http://testserver",
    "STATIC_FROM_SOURCE": "1",
    "EGRESS_ALLOW": "127.0.0.1:*,localhost:*",
}
# Set by a developer's shell, these would turn the tests into tests of that shell.
FORGOTTEN = (
    "DATABASE_URL", "REDIS_URL", "PORT", "SIM_PORT", "SECRET_KEY", "SECRET_KEY_FALLBACKS", "FIELD_ENCRYPTION_KEYS", "ALLOWED_HOSTS", "HTTPS",
    "PUBLIC_URL", "CSRF_TRUSTED_ORIGINS", "TRUSTED_PROXIES", "EGRESS_ALLOW", "EGRESS_PROXY", "PROCESS_KIND", "CELERY_BROKER_URL", "STATIC_ROOT",
    "FOUR_EYES", "OPENAI_BASE_URL", "ANTHROPIC_BASE_URL",
)  # fmt: skip


def embedded(folder: Path) -> dict[str, str]:
    """This process's environment, made over into that of an embedded product that keeps its data in ``folder``."""
    kept = {name: value for name, value in os.environ.items() if name not in FORGOTTEN}
    return kept | EMBEDDED_VARIABLES | {"VAR_DIR": str(folder)}


def _settle() -> None:
    if bool(DATABASE_URL) != bool(REDIS_URL):
        raise SystemExit("Set TEST_DATABASE_URL and TEST_REDIS_URL both, or none of them.")
    wanted = embedded(FOLDER) | (SERVICES_VARIABLES if ON_SERVICES else {})
    for name in FORGOTTEN:
        os.environ.pop(name, None)
    os.environ.update(wanted)
    atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)


_settle()
