"""``python -m bench``: measure on a quiet machine. Exit code 0: every must is met. 1: one is not. 2: nothing could be measured."""

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from bench import door, engine, lists, messages, starting
from bench.figures import Figures
from drill.rig import DrillFailed, Rig
from drill.servers import Servers
from drill.shapes import Shape

PARTS = ("engine", "messages", "start", "lists", "door")
OF_A_SHAPE = frozenset(PARTS) - {"engine"}
SHAPES: tuple[Shape, ...] = ("embedded", "services")


def main() -> int:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", choices=[*PARTS, []], metavar="PART", help=f"only these of {', '.join(PARTS)}"
    )
    parser.add_argument("--shape", choices=[*SHAPES, "both"], default="both")
    parser.add_argument("--messages", type=int, default=300, help="how many customers write at once")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--alone", type=int, default=20, help="how many write while nobody else does")
    parser.add_argument(
        "--engine",
        choices=["use", "installed"],
        default="use",
        help="think with the multilingual encoder alone, for which the limits are, or with all that is installed",
    )
    parser.add_argument("--json", metavar="FILE", help="write everything there as JSON")
    parser.add_argument("--report", metavar="FILE", help="write the table there as Markdown")
    arguments = parser.parse_args()
    figures = Figures()
    parts = set(arguments.parts or PARTS)
    try:
        if "engine" in parts:
            engine.measure(figures)
        shapes = SHAPES if arguments.shape == "both" else (arguments.shape,)
        for shape in shapes if parts & OF_A_SHAPE else ():
            _measure(shape, parts, arguments, figures)
    except DrillFailed as problem:
        print(problem, file=sys.stderr)
        return 2
    if arguments.json:
        figures.write(Path(arguments.json))
    if arguments.report:
        Path(arguments.report).write_text(figures.markdown(), encoding="utf-8")
    return 0 if figures.holds else 1


def _measure(shape: Shape, parts: set[str], arguments: argparse.Namespace, figures: Figures) -> None:
    """One shape, in processes of its own. The lists and the door are measured last: for them what works on messages is ended."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name, ExitStack() as stack:
        folder = Path(name)
        own = Servers(folder=folder / "servers", durable=True) if shape == "services" else None
        servers = stack.enter_context(own) if own is not None else None
        rig = Rig(
            folder=folder / "rig",
            database_url=servers.database_url if servers else "",
            redis_url=servers.redis_url if servers else "",
            variables={
                "CRASH_POINTS": "0",
                "CRASH_AT": "",
                "ENGLISH_ENCODER": "0" if arguments.engine == "use" else "1",
            },
        )
        stack.enter_context(rig)
        if "messages" in parts:
            messages.measure(rig, figures, messages=arguments.messages, rounds=arguments.rounds, alone=arguments.alone)
        if "start" in parts:
            starting.measure(rig, figures)
        if "lists" in parts and servers is not None:
            lists.measure(rig, figures)
        if "door" in parts and servers is not None:
            door.measure(rig, servers, figures)


if __name__ == "__main__":
    sys.exit(main())
