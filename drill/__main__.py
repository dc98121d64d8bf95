"""``python -m drill``: kill the product where and when it hurts most, and show that nothing came of it.

Exit code 0: everything held. 1: something broke. 2: the drill could not be carried out.
"""

import argparse
import shlex
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import NoReturn

import httpx2

from drill import catalogue, crash, mutants
from drill.faults import FAULTS
from drill.faults.base import Fault
from drill.faults.needs import why_not
from drill.faults.runner import Load, Result, run_faults
from drill.model import ModelServer
from drill.pace import measured
from drill.report import Report
from drill.rig import SHORT_LEASES, DrillFailed, Rig
from drill.servers import Servers
from drill.shapes import Shape
from drill.slice import take_slice
from drill.staff import Colleague

SHAPES: tuple[Shape, ...] = ("embedded", "services")
RATE = 4.0
# Where what was found is kept: of no concern to who carries it out again.
FOR_FILES = ("--json", "--report", "--keep-logs")


def main() -> int:
    """Carry out what was asked for."""
    arguments = _arguments()
    signal.signal(signal.SIGTERM, _end)
    report = Report(
        commands=[shlex.join(["python", "-m", "drill", *what_was_asked(sys.argv[1:])])],
        file=Path(arguments.json) if arguments.json else None,
    )
    begun = time.monotonic()
    code = 0
    try:
        ORDERS[arguments.order](arguments, report)
    except DrillFailed as problem:
        sys.stderr.write(f"{problem}\n")
        code = 2
    except Exception:  # noqa: BLE001  (told whole, and the exit code says it)
        # What the drill itself could not do is nothing that held.
        traceback.print_exc()
        code = 2
    if code == 0:
        code = 0 if report.holds else 1
    report.seconds, report.has_ended = report.seconds or time.monotonic() - begun, code != 2
    if report.items:
        print(report.summary, flush=True)
    report.write()
    if arguments.report:
        page = Path(arguments.report)
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(report.markdown(), encoding="utf-8")
    return code


def what_was_asked(typed: Sequence[str]) -> list[str]:
    """The words of a command, without its options for files."""
    left = iter(typed)
    return [part for part in left if not (part in FOR_FILES and next(left))]


def _end(*_: object) -> NoReturn:
    """End as at Ctrl-C, and with us whatever was started; a second SIGTERM does not interrupt that."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(128 + signal.SIGTERM)


@contextmanager
def rig_of(shape: Shape, variables: dict[str, str], *, durable: bool = False) -> Iterator[tuple[Rig, Servers | None]]:
    """A product of this shape in a folder of its own, with PostgreSQL and Redis of its own where it needs them.

    Where it is ``durable``, a commit waits for the disk, as in production.
    """
    with tempfile.TemporaryDirectory(prefix="drill-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        # PostgreSQL's own user must get into the folder of its data.
        folder.chmod(0o755)
        with Servers(folder=folder, durable=durable) if shape == "services" else nullcontext() as servers:
            rig = Rig(
                folder=folder / "rig",
                database_url=servers.database_url if servers else "",
                redis_url=servers.redis_url if servers else "",
                quick_starts=True,
                variables=variables,
            )
            with rig:
                yield rig, servers


def crash_points(arguments: argparse.Namespace, report: Report) -> None:
    """Each crash point, once, alone."""
    for shape in arguments.shape:
        _crash_points(shape, arguments, report)


def faults(arguments: argparse.Namespace, report: Report) -> None:
    """The faults of the matrix, each while customers write; PostgreSQL and Redis are started for them."""
    for shape in arguments.shape:
        _faults(shape, arguments, report)


def try_mutants(arguments: argparse.Namespace, report: Report) -> None:
    """The product with one promise taken out, eight times: each must be caught."""
    for shape in arguments.shape:
        _try_mutants(shape, arguments, report)


def everything(arguments: argparse.Namespace, report: Report) -> None:
    """Crash points, faults and mutants, one after another."""
    for order in (crash_points, faults, try_mutants):
        try:
            order(arguments, report)
        except Exception as problem:  # noqa: BLE001  (told, and the other parts go on)
            traceback.print_exc()
            report.tell("BROKEN", order.__name__.replace("_", " "), f"could not be carried out: {problem!r}")


def a_slice(_: argparse.Namespace, report: Report) -> None:
    """What every change must pass, in a few minutes: both shapes at the same time."""
    take_slice(report)


def put_together(arguments: argparse.Namespace, report: Report) -> None:
    """Make one report of the JSON files of several drills."""
    found = Report.read([Path(file) for file in arguments.files])
    report.commands, report.notes = found.commands, found.notes
    report.items, report.seconds = found.items, found.seconds


def _crash_points(shape: Shape, arguments: argparse.Namespace, report: Report) -> None:
    with ModelServer() as model, rig_of(shape, SHORT_LEASES | model.environment) as (rig, _):
        colleague = Colleague(rig=rig)
        colleague.sign_in()
        begun = time.monotonic()

        def tell(taken: crash.Taken) -> None:
            word = "held" if taken.holds else "BROKEN"
            broken = ", ".join(taken.verdict.names) if taken.verdict else ""
            died = f"{taken.died} died, {taken.seconds:.1f} s" if taken.died else ""
            detail = "; ".join(part for part in (died, taken.problem, broken) if part)
            verdict = taken.verdict.as_json() if taken.verdict else None
            report.tell(word, f"{taken.shape} {taken.point}", detail, seconds=taken.seconds, verdict=verdict)
            if word == "BROKEN":
                keep_logs(rig, arguments)

        taken = crash.take_all(crash.Scene(rig, model, colleague), arguments.only or [], tell)
        passed = sum(one.holds for one in taken)
        print(f"{shape}: {passed}/{len(taken)} points passed in {time.monotonic() - begun:.0f} s", flush=True)


def _faults(shape: Shape, arguments: argparse.Namespace, report: Report) -> None:
    chosen = []
    is_full = arguments.full or bool(arguments.only)
    for fault in (FAULTS[number] for number in arguments.only or FAULTS):
        reason = fault.only if shape not in fault.shapes else why_not(fault.needs, is_full=is_full)
        if reason:
            report.tell("skipped", f"{shape} {fault.number} {fault.name}", reason)
        else:
            chosen.append(fault)

    def tell(result: Result) -> None:
        report.tell("held" if result.holds else "BROKEN", result.title, result.detail, **result.as_json())
        if not result.holds:
            keep_logs(rig, arguments)

    def miss(fault: Fault, problem: Exception) -> None:
        asked = f" (asked: {problem.request.url})" if isinstance(problem, httpx2.RequestError) else ""
        report.tell("BROKEN", f"{shape} {fault.number} {fault.name}", f"could not be carried out: {problem}{asked}")
        keep_logs(rig, arguments)

    with rig_of(shape, {}, durable=arguments.full) as (rig, servers):
        rate = arguments.rate
        if rate is None and arguments.full and chosen:
            pace = measured(rig, arguments.breath)
            rig.reset()
            rate = pace.rate
            report.note(f"{shape}: {pace.answers:.1f} answers a second, so customers write {rate:g} messages a second.")
        load = Load(
            seconds=arguments.seconds,
            rate=RATE if rate is None else rate,
            breath=arguments.breath,
            customers=arguments.customers,
            seed=arguments.seed,
            is_exact=arguments.full,
        )
        run_faults(chosen, rig, servers, load, tell=tell, miss=miss)


def _try_mutants(shape: Shape, arguments: argparse.Namespace, report: Report) -> None:
    chosen = [
        trial
        for trial in mutants.TRIALS
        if (not arguments.only or trial.mutant in arguments.only) and (trial.is_quick or not arguments.quick)
    ]
    for trial in chosen:
        if trial.only not in {"", shape}:
            report.tell("skipped", f"{shape} {trial.mutant}", f"it can only be in the shape {trial.only}")

    def tell(tried: mutants.Tried) -> None:
        word, detail = tried.result
        verdicts = {"control": tried.control.as_json(), "mutant": tried.mutant.as_json()}
        report.tell(word, f"{shape} {tried.trial.mutant}", detail, seconds=tried.seconds, **verdicts)
        if word != "caught":
            keep_logs(rig, arguments)

    # What the platform has and we do not is read back after minutes; a mutant's loss must not heal so.
    variables = SHORT_LEASES | {"READ_BACK_MINUTES": "0"}
    with ModelServer() as model, rig_of(shape, variables | model.environment) as (rig, _):
        scene = crash.Scene(rig, model, Colleague(rig=rig))
        mutants.take_all(scene, [trial for trial in chosen if trial.only in {"", shape}], tell)


def keep_logs(rig: Rig, arguments: argparse.Namespace) -> None:
    """Put the processes' logs where they outlive the drill, if that was asked for."""
    if arguments.keep_logs:
        target = Path(arguments.keep_logs)
        target.mkdir(parents=True, exist_ok=True)
        for log in rig.folder.glob("*.log"):
            (target / log.name).write_bytes(log.read_bytes())


def tell_all(_: argparse.Namespace, __: Report) -> None:
    """What there is: promises, crash points, faults and mutants, each with what it does."""
    catalogue.tell()


ORDERS = {
    "list": tell_all,
    "crash": crash_points,
    "faults": faults,
    "mutants": try_mutants,
    "all": everything,
    "slice": a_slice,
    "report": put_together,
}
CHOICES = {
    "crash": [point.name for point in crash.POINTS],
    "faults": list(FAULTS),
    "mutants": [trial.mutant for trial in mutants.TRIALS],
}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m drill", description=__doc__)
    orders = parser.add_subparsers(dest="order", required=True)
    for name, order in ORDERS.items():
        each = orders.add_parser(name, help=str(order.__doc__).splitlines()[0])
        each.add_argument("--json", metavar="FILE", help="write everything there as JSON")
        each.add_argument("--report", metavar="FILE", help="write the table there as Markdown")
        if name in ("crash", "faults", "mutants", "all"):
            each.add_argument("--shape", choices=[*SHAPES, "both"], default="embedded")
            each.add_argument(
                "--keep-logs", metavar="FOLDER", help="where the processes' logs go when something breaks"
            )
        if name in CHOICES:
            each.add_argument(
                "--only",
                nargs="+",
                choices=CHOICES[name],
                help=f"only these: {', '.join(CHOICES[name])}",
                metavar="NAME",
            )
        else:
            each.set_defaults(only=None)
        if name in ("faults", "all"):
            each.add_argument("--seconds", type=float, default=20, help="how long customers write under each fault")
            each.add_argument(
                "--rate",
                type=float,
                help=f"messages a second; without it {RATE:g}, and with --full what makes for a fifth of the answers measured first",
            )
            each.add_argument(
                "--breath", type=int, default=4, help="how many messages somebody sends in one breath, at most"
            )
            each.add_argument("--customers", type=int, default=12, help="how many talk at the same time")
            each.add_argument("--seed", type=int, default=1)
            each.add_argument(
                "--full",
                action="store_true",
                help="also what needs a privilege or a rare tool, and what takes longer than was promised has not held",
            )
    quick = orders.choices["mutants"].add_argument
    quick("--quick", action="store_true", help="the three that take the least time")
    orders.choices["all"].set_defaults(quick=False)
    orders.choices["report"].add_argument("files", nargs="+", metavar="FILE", help="what --json wrote")
    arguments = parser.parse_args()
    if "shape" in arguments:
        arguments.shape = SHAPES if arguments.shape == "both" else (arguments.shape,)
    return arguments


if __name__ == "__main__":
    sys.exit(main())
