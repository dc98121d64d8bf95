"""Every gate in a row, each with its time; what a gate said is shown when it did not pass.

.venv/bin/python scripts/check.py [part of a gate's name ...]
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable

# Production's shape with secrets that open nothing; `check --deploy` connects to neither address.
PRODUCTION = {
    "DATABASE_URL": "postgres://check@database.invalid:5432/check",
    "REDIS_URL": "redis://redis.invalid:6379",
    "SECRET_KEY": "only-for-the-deployment-check-0123456789-abcdefghijklmnopqrstuvwxyz",
    "FIELD_ENCRYPTION_KEYS": "ZHVtbXkta2V5LWZvci1jaGVja3Mtb25seS0zMmJ5dGU=",
    "ALLOWED_HOSTS": "support.example.org",
    "PUBLIC_URL": "https://support.example.org",
    "DEMO": "0",
    "DEBUG": "0",
}
# What a developer's shell or .env file says must not decide whether a gate passes.
NOT_FROM_THE_SHELL = {"DATABASE_URL", "REDIS_URL", "DEBUG", "HTTPS", "EGRESS_ALLOW", "CELERY_BROKER_URL"}


@dataclass(frozen=True, slots=True)
class Gate:
    """One thing that must hold, and the command that says whether it does."""

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)


GATES = [
    Gate("ruff check", [PYTHON, "-m", "ruff", "check", "--quiet", "--output-format", "concise", "."]),
    Gate("ruff format", [PYTHON, "-m", "ruff", "format", "--check", "--quiet", "--output-format", "concise", "."]),
    Gate("pages", [PYTHON, "scripts/lint_pages.py"]),
    Gate(
        "import contracts", [PYTHON, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    ),
    Gate("migrations", [PYTHON, "manage.py", "makemigrations", "--check", "--dry-run"]),
    Gate("production settings", [PYTHON, "manage.py", "check", "--deploy", "--fail-level", "WARNING"], PRODUCTION),
    Gate("mypy", [PYTHON, "-m", "mypy", "--no-error-summary", "."]),
]


def main() -> int:
    """Run the gates that were asked for, all of them by default; 0 if each passed."""
    asked = sys.argv[1:]
    gates = [gate for gate in GATES if not asked or any(word in gate.name for word in asked)]
    if not gates:
        print(f"There is no such gate; there are: {', '.join(gate.name for gate in GATES)}.")
        return 2
    with a_folder_for_data() as folder:
        failed = [gate.name for gate in gates if not passes(gate, {"VAR_DIR": folder})]
    if failed:
        print(f"Not passed: {', '.join(failed)}.")
    return 1 if failed else 0


def passes(gate: Gate, extra: dict[str, str]) -> bool:
    """Run one gate and say how it went."""
    started = time.monotonic()
    kept = {name: value for name, value in os.environ.items() if name not in NOT_FROM_THE_SHELL}
    environment = kept | {"ENV_FILE": os.devnull} | gate.environment | extra
    done = subprocess.run(
        gate.command, cwd=ROOT, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    print(
        f"{gate.name:<20} {'passed' if done.returncode == 0 else 'FAILED'} {time.monotonic() - started:6.1f} s",
        flush=True,
    )
    if done.returncode:
        print(done.stdout + done.stderr, flush=True)
    return done.returncode == 0


@contextmanager
def a_folder_for_data() -> Iterator[str]:
    """A folder that is gone afterwards, so that no gate depends on what lies in var/."""
    with tempfile.TemporaryDirectory(prefix="supportagent-check-") as folder:
        yield folder


if __name__ == "__main__":
    sys.exit(main())
