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
    mutant that is wanted, by ``mutant_command``.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    forks: bool = True
    mutant_command: tuple[str, ...] = ()


def processes_of(shape: Shape, *, port: int, live_port: int) -> tuple[Process, ...]:
    """The processes of a shape: all in one, or each by itself as docker-compose.yml has them."""
    if shape == "embedded":
        return (Process(name="up", command=("manage.py", "up", "--no-demo")),)
    address = ("--host", "127.0.0.1", "--port", str(port))
    door = (str(BIN / "granian"), "--interface", "wsgi", *address, "--workers", "1")
    pages = ("serve", "--host", "127.0.0.1", "--port", str(live_port))
    web, work = {"PROCESS_KIND": "web"}, {"PROCESS_KIND": "worker"}
    return (
        Process(
            name="ingest",
            command=(*door, "supportagent.wsgi:application"),
            environment=web,
            forks=False,
            mutant_command=(*door, "drill.door:application"),
        ),
        Process(
            name="live",
            command=("manage.py", *pages),
            environment=web,
            forks=False,
            mutant_command=(sys.executable, "-m", "drill.live_door", *pages),
        ),
        Process(
            name="worker",
            command=("celery", "--quiet", "worker", "--pool", "threads", "--without-mingle", "--without-gossip"),
            environment=work,
        ),
        Process(name="sweeper", command=("manage.py", "work"), environment=work),
        Process(name="beat", command=("celery", "--quiet", "beat", "--pidfile", ""), environment=work),
    )
