"""``python -m bench``: measure on a quiet machine. Exit code 0: every must is met. 1: one is not. 2: not all could be measured."""

import argparse
import signal
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from bench import door, engine, growth, lists, messages, sockets, starting
from bench.figures import Figures
from bench.sizes import QUICK, Sizes
from drill.rig import DrillFailed, Rig
from drill.servers import Servers
from drill.shapes import Shape

AT_WORK, FILLED = ("messages", "memory", "start", "sockets"), ("lists", "door")
PARTS = ("engine", *AT_WORK, *FILLED)
SHAPES: tuple[Shape, ...] = ("embedded", "services")
# What may be given beside the sizes.
COUNTS = {
    "messages": "how many customers write at once",
    "rounds": "how often what is compared is measured, in turns",
    "alone": "how many write while nobody else does",
    "growth": "how many write between two looks at the memory",
    "kept": "how many events are kept in the inbox before the door",
}


def main() -> int:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", choices=[*PARTS, []], metavar="PART", help=f"only these of {', '.join(PARTS)}"
    )
    parser.add_argument("--shape", choices=[*SHAPES, "both"], default="both")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="so little of everything but the engine that it is seen whether a part runs; no limit is held against it",
    )
    for name, meaning in COUNTS.items():
        parser.add_argument(f"--{name}", type=int, help=f"{meaning} ({getattr(Sizes(), name):,})")
    parser.add_argument(
        "--engine",
        choices=["use", "installed"],
        default="use",
        help="think with the multilingual encoder alone, for which the limits are, or with all that is installed",
    )
    parser.add_argument("--json", metavar="FILE", help="write everything there as JSON")
    parser.add_argument("--report", metavar="FILE", help="write the table there as Markdown")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, _end)
    figures = Figures(counts=not arguments.quick)
    parts = set(arguments.parts or PARTS)
    could_measure = True
    try:
        if "engine" in parts:
            engine.measure(figures)
        for shape in SHAPES if arguments.shape == "both" else (arguments.shape,):
            _measure(shape, parts, arguments, figures)
    except DrillFailed as problem:
        print(problem, file=sys.stderr)
        could_measure = False
    if arguments.json:
        figures.write(Path(arguments.json))
    if arguments.report:
        Path(arguments.report).write_text(figures.markdown(), encoding="utf-8")
    if not could_measure:
        return 2
    return 0 if figures.holds else 1


def _end(*_: object) -> NoReturn:
    """End as at Ctrl-C, and with us whatever was started; a second SIGTERM does not interrupt that."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(128 + signal.SIGTERM)


def sizes_of(arguments: argparse.Namespace) -> Sizes:
    """How much was asked for."""
    given = {name: getattr(arguments, name) for name in COUNTS if getattr(arguments, name) is not None}
    return replace(QUICK if arguments.quick else Sizes(), **given)


def _measure(shape: Shape, parts: set[str], arguments: argparse.Namespace, figures: Figures) -> None:
    """One shape. The lists and the door have a product of their own: its records are made, and what works on them is ended."""
    sizes = sizes_of(arguments)
    with tempfile.TemporaryDirectory(prefix="bench-") as name, ExitStack() as stack:
        folder = Path(name)
        servers = None
        if shape == "services" and not parts.isdisjoint((*AT_WORK, *FILLED)):
            servers = stack.enter_context(Servers(folder=folder / "servers", durable=True))
        if not parts.isdisjoint(AT_WORK):
            with _rig(folder / "rig", servers, arguments) as rig:
                if "messages" in parts:
                    messages.measure(rig, figures, sizes)
                if "memory" in parts:
                    growth.measure(rig, figures, sizes)
                if "start" in parts:
                    starting.measure(rig, figures)
                if "sockets" in parts:
                    sockets.measure(rig, figures, sizes)
        if not parts.isdisjoint(FILLED) and servers is not None:
            # What the first product kept there is of rows that are gone.
            servers.flush_redis()
            with _rig(folder / "filled", servers, arguments) as rig:
                if "lists" in parts:
                    lists.measure(rig, figures, sizes)
                if "door" in parts:
                    door.measure(rig, servers, figures, sizes)


def _rig(folder: Path, servers: Servers | None, arguments: argparse.Namespace) -> Rig:
    """A product to be measured. What is not held against any limit may begin as a fork of one that is loaded already."""
    return Rig(
        folder=folder,
        database_url=servers.database_url if servers else "",
        redis_url=servers.redis_url if servers else "",
        variables={
            "CRASH_POINTS": "0",
            "CRASH_AT": "",
            "ENGLISH_ENCODER": "0" if arguments.engine == "use" else "1",
        },
        quick_starts=arguments.quick,
    )


if __name__ == "__main__":
    sys.exit(main())
