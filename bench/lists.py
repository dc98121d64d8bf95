"""What people and programs look at, beside few and many records: how long it takes, by which way, and who has to wait."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx2
import psycopg

from bench.door import knock, signer
from bench.figures import Figure, Figures, percentile
from bench.loading import Pattern, copy, settle
from drill import wire
from drill.rig import Rig, wait_for
from drill.staff import Colleague

SIZES = (10_000, 100_000)
# Each conversation has so many questions and answers; some end with the wish for a person.
ASKED = "How long does delivery to France take?"
PERSON = "I want to speak to a human, please."
EXCHANGES = 5
LOOKS = 60
READERS, CALLERS = 8, 8
# What of the limits is for 100,000 conversations with a million messages: STACK 7, in milliseconds.
LIMITS = {"API list": (25.0, 10.0), "queue page": (80.0, 50.0), "conversation": (15.0, 5.0), "figures": (40.0, 15.0)}
MUST_BESIDE, AIM_BESIDE = 3.0, 2.0
SCANNED = "SELECT relname, seq_scan FROM pg_stat_user_tables WHERE n_live_tup > 5000"
# PostgreSQL's sessions tell what they did a second later.
TOLD_SECONDS = 1.5
HTMX = {"HX-Request": "true"}

Look = Callable[[], httpx2.Response]


def measure(rig: Rig, figures: Figures) -> None:
    """The same looks at each size; then those who knock while others read. What works on messages is ended for it."""
    colleague = Colleague(rig=rig)
    colleague.sign_in()
    patterns = _patterns(rig, colleague)
    rig.manage("shell", "-c", "from analytics.services import build_episode_facts; build_episode_facts()")
    made = json.loads(rig.manage("apikey", "create", "--name", "bench", "--role", "viewer"))
    for name in ("worker", "sweeper", "beat"):
        rig.kill(name)
    with psycopg.connect(rig.database.url) as connection, wire.Client(base_url=rig.url) as program:
        program.headers["Authorization"] = f"Bearer {made['key']}"
        there = 0
        for size in SIZES:
            _grow(connection, patterns, there, size)
            there = size
            one = connection.execute(
                "SELECT public_id FROM conversations_conversation ORDER BY id OFFSET 5000 LIMIT 1"
            ).fetchall()[0][0]
            connection.commit()
            looks: dict[str, Look] = {
                "API list": lambda: program.get("/api/v1/conversations/?page_size=50"),
                "queue page": lambda: colleague.look("workspace/queue/"),
                # As a press on a row of the queue fetches it.
                "conversation": lambda one=one: colleague.look(f"workspace/c/{one}/", **HTMX),  # type: ignore[misc]
                "figures": lambda: colleague.look("dashboard/tiles/"),
            }
            for name, look in looks.items():
                _tell(connection, figures, name, look, size=size)
    _beside(rig, colleague, figures)


def _patterns(rig: Rig, colleague: Colleague) -> dict[Pattern, float]:
    """One conversation that the bot answers, one that waits for a person, one that a person ended; the share of each."""
    with wire.Client(base_url=rig.sim_url, timeout=60) as client:
        for number in range(EXCHANGES):
            for who in ("answered", "waiting", "ended"):
                client.post("/_sim/say", json={"user": who, "text": ASKED}).raise_for_status()
            wait_for(lambda: len(rig.log("accepted")) >= 3 * (number + 1), seconds=60, what="the bot's answers")  # noqa: B023
        for who in ("waiting", "ended"):
            client.post("/_sim/say", json={"user": who, "text": PERSON}).raise_for_status()
    wait_for(lambda: len(rig.query("SELECT id FROM conversations_escalation")) == 2, seconds=60, what="the escalations")
    found = rig.query("SELECT id, public_id, mode FROM conversations_conversation ORDER BY id")
    answered = next(row for row in found if row[2] == "bot")
    waiting, ended = (row for row in found if row[2] != "bot")
    colleague.take_over(str(ended[1]))
    colleague.act(str(ended[1]), "resolve")
    return {
        Pattern(conversation=ended[0], apart=26.0): 0.9,
        Pattern(conversation=answered[0], apart=60.0): 0.08,
        Pattern(conversation=waiting[0], apart=10.0): 0.02,
    }


def _grow(connection: psycopg.Connection, patterns: dict[Pattern, float], there: int, size: int) -> None:
    first = there + 1
    for pattern, share in patterns.items():
        count = round((size - there) * share)
        copy(connection, pattern, range(first, first + count))
        first += count
    settle(connection)


def _tell(connection: psycopg.Connection, figures: Figures, name: str, look: Look, *, size: int) -> None:
    before = _walks(connection)
    took = [_took(look) for _ in range(LOOKS)]
    time.sleep(TOLD_SECONDS)
    walked = [table for table, count in _walks(connection).items() if count > before.get(table, 0)]
    must, aim = LIMITS[name] if size == SIZES[-1] else (None, None)
    figures.tell(
        Figure(
            name=f"lists: {name} beside {size:,} conversations, p95", value=1000 * percentile(took, 0.95), unit="ms",
            must=must, aim=aim, less_is_better=True, detail=f"median {1000 * percentile(took, 0.5):.0f} ms",
        )
    )  # fmt: skip
    figures.tell(
        Figure(
            name=f"lists: tables that {name} walks over beside {size:,}", value=len(walked), unit="", must=0.0,
            less_is_better=True, detail=", ".join(walked),
        )
    )  # fmt: skip


def _took(look: Look) -> float:
    begun = time.monotonic()
    look().raise_for_status()
    return time.monotonic() - begun


def _walks(connection: psycopg.Connection) -> dict[str, int]:
    found: dict[str, int] = dict(connection.execute(SCANNED).fetchall())
    connection.commit()
    return found


def _beside(rig: Rig, colleague: Colleague, figures: Figures) -> None:
    """The slowest of a hundred acks while nobody reads and while several people reload the queue."""
    _, alone = knock(rig.port, CALLERS, signer(rig.app_secret))
    with _readers(colleague):
        _, beside = knock(rig.port, CALLERS, signer(rig.app_secret))
    idle, busy = percentile(alone, 0.99), percentile(beside, 0.99)
    figures.tell(
        Figure(
            name=f"lists: p99 of an ack while {READERS} people reload the queue", value=busy / idle, unit="x idle",
            must=MUST_BESIDE, aim=AIM_BESIDE, less_is_better=True, detail=f"{1000 * idle:.0f} and {1000 * busy:.0f} ms",
        )
    )  # fmt: skip


@contextmanager
def _readers(colleague: Colleague) -> Iterator[None]:
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            colleague.look("workspace/queue/")

    threads = [threading.Thread(target=read, daemon=True) for _ in range(READERS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        done.set()
        for thread in threads:
            thread.join()
