"""What the product consists of in each of its shapes, and how each process is started."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Shape = Literal["embedded", "services"]

BIN = Path(sys.executable).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process of the product: how it is started.

    One that ``forks`` may be a fork of the loaded product. The others are started as anybody would; where it is a
    mutant that is wanted, their last word becomes ``mutant_door``.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    forks: bool = True
    mutant_door: str = ""


def processes_of(shape: Shape, *, port: int, live_port: int) -> tuple[Process, ...]:
    """The processes of a shape: all in one, or each by itself as docker-compose.yml has them."""
    if shape == "embedded":
        return (Process(name="up", command=("manage.py", "up", "--no-demo")),)
    address = ("--host", "127.0.0.1", "--port", str(port))
    quiet = ("--loglevel", "WARNING")
    web, work = {"PROCESS_KIND": "web"}, {"PROCESS_KIND": "worker"}
    return (
        Process(
            name="ingest",
            command=(
                *(str(BIN / "granian"), "--interface", "wsgi", *address, "--workers", "1"),
                "supportagent.wsgi:application",
            ),
            environment=web,
            forks=False,
            mutant_door="drill.door:application",
        ),
        Process(
            name="live",
            command=(str(BIN / "daphne"), "-b", "127.0.0.1", "-p", str(live_port), "supportagent.asgi:application"),
            environment=web,
            forks=False,
            mutant_door="drill.live_door:application",
        ),
        Process(
            name="worker",
            command=(
                *("celery", "worker", "--pool", "threads", "--concurrency", "4"),
                *(*quiet, "--without-mingle", "--without-gossip"),
            ),
            environment=work,
        ),
        Process(name="sweeper", command=("manage.py", "work"), environment=work),
        Process(name="beat", command=("celery", "beat", *quiet, "--pidfile", ""), environment=work),
    )
