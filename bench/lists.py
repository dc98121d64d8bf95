"""What people and programs look at, beside few and many records: how long it takes, by which way, and who has to wait."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

import httpx2
import psycopg

from bench.door import WARM_SECONDS, knock, signer
from bench.figures import Figure, Figures, median, percentile
from bench.loading import Pattern, copy, settle
from bench.replies import Replies
from bench.sizes import Sizes
from drill import wire
from drill.rig import Rig, wait_for
from drill.staff import Colleague

# Each conversation has so many questions and answers; some end with the wish for a person.
ASKED = "How long does delivery to France take?"
PERSON = "I want to speak to a human, please."
EXCHANGES = 5
# How long is waited for what the bot does, which is more than it takes on a busy machine.
ANSWER_SECONDS = 180.0
READERS, CALLERS = 8, 8
# STACK 7, in milliseconds.
LIMITS_ARE_FOR = 100_000
LIMITS = {"API list": (25.0, 10.0), "queue page": (80.0, 50.0), "conversation": (15.0, 5.0), "figures": (40.0, 15.0)}
# What the older project's clients ask; its own figures are of a month of rows, and no roll-up has them.
OLDER = {
    "older list": "/conversations/?limit=50",
    "older metrics": "/analytics/metrics",
    "older status": "/agent/status",
}
MUST_BESIDE, AIM_BESIDE = 3.0, 2.0
SCANNED = "SELECT relname, seq_scan FROM pg_stat_user_tables WHERE n_live_tup > 5000"
# PostgreSQL's sessions tell what they did a second later; a way is chosen anew for each look, so a few are looked at.
TOLD_SECONDS, FOLLOWED = 1.5, 3
HTMX = {"HX-Request": "true"}

# What the product's own client asks of it, in a process of its own; the second time, when what is kept is there already.
COUNTING = """
import json, os
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from core.models import User
host, person, paths = json.loads(os.environ["LOOKS"])
client = Client(headers={"host": host, "hx-request": "true"})
client.force_login(User.objects.get(username=person), backend="django.contrib.auth.backends.ModelBackend")
counted = {}
for name, path in paths.items():
    for _ in range(2):
        with CaptureQueriesContext(connection) as asked:
            answer = client.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
    counted[name] = len(asked)
print(json.dumps(counted))
"""

Look = Callable[[], httpx2.Response]


def measure(rig: Rig, figures: Figures, sizes: Sizes) -> None:
    """The same looks in turns at each size; then those who knock while others read. What works on messages is ended for it."""
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
        least: dict[str, int] = {}
        for size in sizes.conversations:
            _grow(connection, patterns, there, size)
            there = size
            one = connection.execute(
                "SELECT public_id FROM conversations_conversation ORDER BY id OFFSET %s LIMIT 1", (size // 20,)
            ).fetchall()[0][0]
            connection.commit()
            paths = {
                "API list": "api/v1/conversations/?page_size=50",
                "queue page": "workspace/queue/",
                # As a press on a row of the queue fetches it.
                "conversation": f"workspace/c/{one}/",
                "figures": "dashboard/tiles/",
            }
            looks: dict[str, Look] = {
                name: partial(program.get, f"/{path}") if name == "API list" else partial(colleague.look, path, **HTMX)
                for name, path in paths.items()
            }
            looks |= {name: partial(program.get, path) for name, path in OLDER.items()}
            counted = json.loads(rig.manage("shell", "-c", COUNTING, LOOKS=_asked(rig, colleague, paths)))
            least = least or counted
            walked = {name: _walked(connection, look) for name, look in looks.items()}
            took = in_turns(looks, rounds=sizes.rounds, times=sizes.looks)
            for name in looks:
                _tell(figures, name, took[name], walked[name], size=size)
            for name in paths:
                _tell_statements(figures, name, counted[name], least[name], size=size)
    _beside(rig, colleague, figures, sizes)


def in_turns(looks: Mapping[str, Look], *, rounds: int, times: int) -> dict[str, list[list[float]]]:
    """For each look the seconds of each round: all have had their first round before any has its second."""
    took: dict[str, list[list[float]]] = {name: [] for name in looks}
    for _ in range(rounds):
        for name, look in looks.items():
            took[name].append([_took(look) for _ in range(times)])
    return took


def _patterns(rig: Rig, colleague: Colleague) -> dict[Pattern, float]:
    """One conversation that the bot answers, one that waits for a person, one that a person ended; the share of each."""
    with wire.Client(base_url=rig.sim_url, timeout=60) as client:
        replies = Replies(client)
        for number in range(EXCHANGES):
            for who in ("answered", "waiting", "ended"):
                client.post("/_sim/say", json={"user": who, "text": ASKED}).raise_for_status()
            replies.wait(3 * (number + 1), seconds=ANSWER_SECONDS)
        for who in ("waiting", "ended"):
            client.post("/_sim/say", json={"user": who, "text": PERSON}).raise_for_status()
    wait_for(
        lambda: len(rig.query("SELECT id FROM conversations_escalation")) == 2,
        seconds=ANSWER_SECONDS,
        what="the escalations",
    )
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


def _tell(figures: Figures, name: str, took: Sequence[Sequence[float]], walked: Sequence[str], *, size: int) -> None:
    must, aim = LIMITS.get(name, (None, None)) if size == LIMITS_ARE_FOR else (None, None)
    middle, high = (1000 * median([percentile(each, share) for each in took]) for share in (0.5, 0.95))
    figures.tell(
        Figure(
            name=f"lists: {name} beside {size:,} conversations, p95", value=high, unit="ms", must=must, aim=aim,
            less_is_better=True, detail=f"medians of {len(took)} rounds of {len(took[0])}; p50 {middle:.0f} ms",
        )
    )  # fmt: skip
    figures.tell(
        Figure(
            name=f"lists: tables that {name} walks over beside {size:,}", value=len(walked), unit="",
            must=None if name in OLDER else 0.0, less_is_better=True, detail=", ".join(walked),
        )
    )  # fmt: skip


def _asked(rig: Rig, colleague: Colleague, paths: Mapping[str, str]) -> str:
    host = rig.pages_url.partition("//")[2]
    return json.dumps([host, colleague.name, {name: f"/{path}" for name, path in paths.items()}])


def _tell_statements(figures: Figures, name: str, counted: int, least: int, *, size: int) -> None:
    figures.tell(
        Figure(
            name=f"lists: statements of {name} beside {size:,}", value=counted, unit="", must=float(least),
            less_is_better=True, detail="as many as beside the fewest",
        )
    )  # fmt: skip


def _walked(connection: psycopg.Connection, look: Look) -> list[str]:
    """The large tables that it reads from one end to the other."""
    before = _walks(connection)
    for _ in range(FOLLOWED):
        _took(look)
    time.sleep(TOLD_SECONDS)
    return [table for table, count in _walks(connection).items() if count > before.get(table, 0)]


def _took(look: Look) -> float:
    begun = time.monotonic()
    look().raise_for_status()
    return time.monotonic() - begun


def _walks(connection: psycopg.Connection) -> dict[str, int]:
    found: dict[str, int] = dict(connection.execute(SCANNED).fetchall())
    connection.commit()
    return found


def _beside(rig: Rig, colleague: Colleague, figures: Figures, sizes: Sizes) -> None:
    """The slowest of a hundred acks while nobody reads and while several people reload the queue, in turns."""
    knock(rig.port, CALLERS, signer(rig.app_secret), seconds=WARM_SECONDS)
    idle, busy = [], []
    for _ in range(sizes.rounds):
        idle.append(_slowest(rig, sizes))
        with _readers(colleague):
            busy.append(_slowest(rig, sizes))
    figures.tell(
        Figure(
            name=f"lists: p99 of an ack while {READERS} people reload the queue", value=median(busy) / median(idle),
            unit="x idle", must=MUST_BESIDE, aim=AIM_BESIDE, less_is_better=True,
            detail=f"{1000 * median(idle):.0f} and {1000 * median(busy):.0f} ms, medians of {sizes.rounds} rounds each",
        )
    )  # fmt: skip


def _slowest(rig: Rig, sizes: Sizes) -> float:
    return percentile(knock(rig.port, CALLERS, signer(rig.app_secret), seconds=sizes.seconds)[1], 0.99)


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
