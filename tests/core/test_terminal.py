"""What our commands say to a person in a terminal."""

import os
import subprocess
import sys
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class
from django.db import DatabaseError, OperationalError
from django.db.migrations.recorder import MigrationRecorder

from core import terminal
from core.terminal import OwnCommand
from tests.environment import embedded

ROOT = Path(__file__).resolve().parents[2]
OURS = ("account", "apikey", "demo", "doctor", "new_encryption_key", "rotate_keys", "setup", "up", "work")


@pytest.fixture(autouse=True)
def _umask_of_before() -> Iterator[None]:
    """A command makes what its process writes private, and this process runs other tests too."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("account", "Say what `manage.py account` is to do: write one of add, list, test, "),
        ("account ad", "`manage.py account` does not know “ad”: write one of add, list, test, "),
        ("account add", "Still missing: --platform, --name; `manage.py account add --help` tells more."),
        ("account test", "Still missing: id; `manage.py account test --help` tells more."),
        ("account add --name", "--name needs a value after it; "),
        ("account list now", "There is no use for “now” here; "),
        ("up --no", "--no could be one of "),
        ("apikey", "Say what `manage.py apikey` is to do: write one of create, list, revoke after it; "),
        ("apikey create x --role boss", "--role cannot be boss, only one of: admin, supervisor, agent, "),
        ("work --threads many", "--threads is a whole number, not many; `manage.py work --help` tells more."),
        ("up --port", "--port needs a value after it; "),
        ("demo --reset=now", "--reset takes no value, so leave out now; "),
        ("doctor again", "There is no use for “again” here; "),
    ],
)
def test_what_is_not_understood_is_one_sentence_and_2(line: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = line.split()

    with pytest.raises(SystemExit) as ended:
        command(words[0]).run_from_argv(["manage.py", *words])

    out, errors = capsys.readouterr()
    assert ended.value.code == 2
    assert out == ""
    assert errors.count("\n") == 1
    assert said in errors


@pytest.mark.parametrize("line", ["account --help", "account add --help", "up --help"])
def test_help_is_still_there(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = line.split()

    with pytest.raises(SystemExit) as ended:
        command(words[0]).run_from_argv(["manage.py", *words])

    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: manage.py {line.removesuffix(' --help')}")


def test_every_command_of_ours_speaks_like_this() -> None:
    # `drill` hands its words on to the program that it becomes.
    ours = {file.stem for file in ROOT.glob("*/management/commands/[a-z]*.py")} - {"drill"}

    assert ours >= set(OURS)
    assert all(isinstance(command(name), OwnCommand) for name in ours)


@pytest.mark.django_db
def test_a_database_without_tables_and_one_of_an_earlier_version_are_told_apart() -> None:
    assert terminal.what_is_missing() == ""
    applied = MigrationRecorder.Migration.objects.all()

    applied.filter(app="integrations").delete()
    assert terminal.what_is_missing() == terminal.BEHIND

    applied.delete()
    assert terminal.what_is_missing() == terminal.NOTHING_SET_UP


@pytest.mark.django_db
def test_a_busy_database_is_one_sentence_and_a_fault_of_ours_stays_one() -> None:
    assert "try again in a moment" in terminal.what_is_wrong(OperationalError("database is locked"))
    assert terminal.what_is_wrong(DatabaseError("no such column: nonsense")) == ""


@pytest.mark.product
@pytest.mark.parametrize(
    "line", ["account list", "apikey create x --role viewer", "rotate_keys", "work --once", "changepassword admin"]
)
def test_where_nothing_is_set_up_a_command_says_so(line: str, tmp_path: Path) -> None:
    code, _, errors = run(line, tmp_path)

    assert code == 1
    assert errors.splitlines()[-1] == terminal.NOTHING_SET_UP
    assert "Traceback" not in errors


@pytest.mark.product
def test_the_doctor_says_it_too_and_setup_mends_it(tmp_path: Path) -> None:
    code, found, errors = run("doctor", tmp_path)
    assert (code, errors) == (1, "")
    assert terminal.NOTHING_SET_UP in found

    assert run("setup", tmp_path)[0] == 0

    assert run("account list", tmp_path)[:2] == (0, '{"accounts": []}\n')
    assert "BROKEN" not in run("doctor", tmp_path)[1]


@pytest.mark.product
def test_a_database_that_does_not_answer_is_one_sentence(tmp_path: Path) -> None:
    code, _, errors = run(
        "apikey list", tmp_path, DATABASE_URL="postgres://nobody@127.0.0.1:1/none", REDIS_URL="redis://127.0.0.1:1"
    )

    assert code == 1
    assert errors.startswith("The database does not answer (")
    assert errors.endswith("start it, or correct DATABASE_URL.\n")


def command(name: str) -> OwnCommand:
    """One of our commands."""
    found = load_command_class(get_commands()[name], name)
    assert isinstance(found, OwnCommand), name
    return found


def run(line: str, folder: Path, **variables: str) -> tuple[int, str, str]:
    """The exit code of ``manage.py <line>``, its output and its complaints."""
    services = {"SECRET_KEY": "x" * 50, "FIELD_ENCRYPTION_KEYS": "ZHVtbXkta2V5LWZvci10ZXN0cy1vbmx5LS0zMmJ5dGU="}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "manage.py", *line.split()],
        cwd=ROOT,
        env=embedded(folder) | (services | variables if variables else {}),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout, done.stderr


def test_words_that_cannot_be_written_do_not_end_the_work() -> None:
    with TextIOWrapper(Path("/dev/full").open("wb", buffering=0), write_through=True) as full:
        command = OwnCommand(stderr=full)

        command.tell("Working.")

        with pytest.raises(OSError, match="No space left"):
            command.stderr.write("Working.")
