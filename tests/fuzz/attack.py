"""The attack itself: attempts sent by several callers at once, and what the product looked like afterwards."""

import http.client
import re
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from math import inf

from drill.vitals import memory
from tests.fuzz.mutations import Attempt, Mutator
from tests.fuzz.served import Served
from tests.waiting import wait_until

CALLERS = 4
ANSWER_SECONDS = 30
DRAIN_SECONDS = 1_800
WARM_UP_SHARE, WARM_UP_MOST = 5, 2_000
MOST_GROWTH_MB = 50.0
CHATTED = (
    "SELECT count(*) FROM conversations_message AS m JOIN integrations_platformaccount AS a ON a.id = m.account_id"
    " WHERE a.platform = 'webchat' AND m.direction = 'in'"
)
BY_STATE = "SELECT platform, state, count(*) FROM integrations_webhookevent GROUP BY platform, state"
_ERROR = re.compile(
    r"Traceback \(most recent call last\)|\[(?:error|critical) *\]|\"level\": \"(?:error|critical)\"", re.IGNORECASE
)


@dataclass(slots=True, kw_only=True)
class Result:
    """What came of it. ``answers`` counts each door's by their status, 0 for none, ``states`` and ``reasons`` what became of
    the events of each platform; memory in megabytes, after the warm-up, at its most and at the end.

    ``waits`` are the seconds that each answer took.
    """

    sent: int = 0
    seconds: float = 0.0
    waits: list[float] = field(default_factory=list)
    drained_after: float = 0.0
    answers: dict[str, Counter[int]] = field(default_factory=dict)
    states: dict[str, dict[str, int]] = field(default_factory=dict)
    chatted: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    memory_before: float = 0.0
    memory_most: float = 0.0
    memory_after: float = 0.0

    @property
    def statuses(self) -> Counter[int]:
        """The answers of all doors."""
        return sum(self.answers.values(), Counter[int]())

    @property
    def growth(self) -> float:
        """By how much the memory grew, in megabytes."""
        return self.memory_most - self.memory_before

    def wait_of(self, share: float) -> float:
        """What ``share`` of the answers took at most, in seconds."""
        return sorted(self.waits)[min(len(self.waits) - 1, int(share * len(self.waits)))]

    @property
    def faults(self) -> list[str]:
        """What must not be, in words; empty where all held."""
        found = [f"{count} answers of {status}" for status, count in self.statuses.items() if status >= 500]
        found += [f"{self.statuses[0]} requests without an answer"] if self.statuses[0] else []
        found += [
            f"{states[state]} events of {platform} {state}"
            for platform, states in self.states.items()
            for state in ("received", "dead")
            if states.get(state)
        ]
        found += [f"{len(self.errors)} errors in the logs"] if self.errors else []
        found += [f"memory grew by {self.growth:.0f} MB"] if self.growth > MOST_GROWTH_MB else []
        return found


def attack(product: Served, *, bodies: int, seed: int, most_seconds: float = inf) -> Result:
    """Send ``bodies`` attempts, or as many as ``most_seconds`` allow; wait until everything is taken in, and look."""
    result = Result()
    lock = threading.Lock()
    warm_up = min(bodies // WARM_UP_SHARE, WARM_UP_MOST)
    doors = product.doors
    result.answers = {door.name: Counter() for door in doors}
    began = time.monotonic()

    def call(number: int) -> None:
        mutator = Mutator(seed * CALLERS + number, doors)
        connection = _connect(product.port)
        for _ in range(bodies // CALLERS + (number < bodies % CALLERS)):
            attempt = mutator.attempt()
            asked = time.monotonic()
            if asked - began > most_seconds:
                break
            status, connection = _send(connection, attempt, product.port)
            with lock:
                result.sent += 1
                result.waits.append(time.monotonic() - asked)
                result.answers[attempt.door][status] += 1
                if (status >= 500 or not status) and len(result.failures) < 20:
                    result.failures.append(
                        f"{status}: {attempt.method} {attempt.path} {attempt.headers} {attempt.body[:300]!r}"
                    )
                look = result.sent == warm_up or (result.sent > warm_up and result.sent % 1_000 == 0)
            if look:
                _weigh(product, result)
        connection.close()

    with ThreadPoolExecutor(CALLERS) as pool:
        list(pool.map(call, range(CALLERS)))
    result.seconds = time.monotonic() - began
    with suppress(AssertionError):
        wait_until(lambda: not _waiting(product), seconds=DRAIN_SECONDS, what="all events to be taken in")
    result.drained_after = time.monotonic() - began - result.seconds
    result.memory_after = _weigh(product, result)
    for platform, state, count in product.query(BY_STATE):
        result.states.setdefault(platform, {})[state] = count
    result.chatted = int(product.query(CHATTED)[0][0])
    for state, reason in product.query("SELECT state, reason FROM integrations_webhookevent WHERE reason <> ''"):
        result.reasons[f"{state} ({re.split(':', reason)[0]})"] += 1
    result.errors = [
        line for log in product.logs for line in log.read_text(errors="replace").splitlines() if _ERROR.search(line)
    ]
    return result


def _waiting(product: Served) -> int:
    return int(product.query("SELECT count(*) FROM integrations_webhookevent WHERE state = 'received'")[0][0])


def _connect(port: int) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)


def _send(
    connection: http.client.HTTPConnection, attempt: Attempt, port: int
) -> tuple[int, http.client.HTTPConnection]:
    """The status, 0 for none, and a connection for the next. A kept one may have been closed meanwhile: then anew."""
    for _ in range(2):
        try:
            return _exchange(connection, attempt), connection
        except (OSError, http.client.HTTPException):
            connection.close()
            connection = _connect(port)
    return 0, connection


def _exchange(connection: http.client.HTTPConnection, attempt: Attempt) -> int:
    connection.putrequest(attempt.method, attempt.path, skip_accept_encoding=True)
    for name, value in attempt.headers:
        # What http.client would not let through is what is tried.
        line = f"{name}: {value}".encode("latin-1", "replace").replace(b"\r", b"").replace(b"\n", b"")
        connection._buffer.append(line)  # type: ignore[attr-defined]
    if attempt.chunked:
        connection.putheader("Transfer-Encoding", "chunked")
        pieces = [attempt.body[start : start + 700] for start in range(0, len(attempt.body), 700)]
        body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    else:
        connection.putheader("Content-Length", str(len(attempt.body)))
        body = attempt.body
    refused_early = False
    try:
        connection.endheaders(body)
    except (BrokenPipeError, ConnectionResetError):
        refused_early = True
    response = connection.getresponse()
    response.read()
    if refused_early or response.will_close:
        connection.close()
    return response.status


def _weigh(product: Served, result: Result) -> float:
    weight = sum(map(memory, product.pids))
    result.memory_before = result.memory_before or weight
    result.memory_most = max(result.memory_most, weight)
    return weight
