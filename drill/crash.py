"""Each crash point once, alone: the process dies exactly there, is started again, and everything is judged."""

import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from uuid import UUID

import httpx2

from drill.checker import Verdict, drain, judge
from drill.model import ModelServer
from drill.rig import DrillFailed, Rig, wait_for
from drill.rights import customer_of, have_erased, messages_exported, places_of
from drill.staff import Colleague

STRIKE_SECONDS = 60.0
CONVERSATIONS = """
SELECT c.id, c.public_id, c.mode, m.text FROM conversations_conversation c
JOIN conversations_message m ON m.conversation_id = c.id WHERE m.direction = 'in'
"""
QUESTION = "How long does delivery to France take? ({number})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One crash point, and what leads a process there.

    ``afterwards`` finds what is wrong beside the invariants when everything has come to rest.
    """

    name: str
    drive: "Callable[[Scene], None]"
    afterwards: "Callable[[Scene], list[str]]" = lambda _: []


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """One point's end. ``died`` names the process."""

    point: str
    shape: str
    died: str = ""
    seconds: float = 0.0
    problem: str = ""
    verdict: Verdict | None = None

    @property
    def holds(self) -> bool:
        """Whether the process died there and every promise was kept."""
        return bool(self.died) and not self.problem and self.verdict is not None and self.verdict.holds


class Scene:
    """A rig with somebody who writes, somebody who answers, and an order to die."""

    def __init__(self, rig: Rig, model: ModelServer, colleague: Colleague) -> None:
        self.rig = rig
        self.model = model
        self.colleague = colleague
        self.marker = ""
        self._numbers = count(1)

    def write(self) -> str:
        """A customer who has not written yet asks something; the words."""
        number = next(self._numbers)
        text = QUESTION.format(number=number)
        self.rig.simulator("POST", "say", {"user": f"customer-{number}", "text": text})
        return text

    def mark(self) -> str:
        """A customer writes of whom everything holds ``marker``; the platform's conversation, once it is taken in."""
        number = next(self._numbers)
        self.marker = f"marker{number}x{secrets.token_hex(6)}"
        said = self.rig.simulator("POST", "say", {"user": self.marker, "text": f"Where is my parcel {self.marker}?"})
        thread: str = said["conversation_id"]
        wait_for(
            lambda: customer_of(self.rig, thread) is not None, seconds=STRIKE_SECONDS, what="the customer to be there"
        )
        return thread

    def conversation(self, text: str) -> tuple[int, str, str]:
        """The conversation in which ``text`` was written: its key, public id and mode; waits until it is there."""
        found: list[tuple[int, str, str, str]] = []

        def is_there() -> bool:
            found[:] = [row for row in self.rig.query(CONVERSATIONS) if row[3] == text]
            return bool(found)

        wait_for(is_there, seconds=STRIKE_SECONDS, what="the conversation to be there")
        pk, public_id, mode, _ = found[0]
        return pk, str(UUID(str(public_id))), mode


def _write(scene: Scene) -> None:
    scene.write()


def _doubtful_send(scene: Scene) -> None:
    """The platform takes the reply, and neither its answer nor its echo comes."""
    faults = [
        {"where": "send", "kind": "reset_after_accept"},
        {"where": "echo", "kind": "drop_echo"},
    ]
    scene.rig.simulator("POST", "faults", {"rules": faults, "replace": True})
    scene.write()


def _take_over(scene: Scene) -> None:
    """A person takes over while the bot thinks."""
    scene.model.hold()
    try:
        _, public_id, _ = scene.conversation(scene.write())
        try:
            status = scene.colleague.take_over(public_id)
            raise DrillFailed(f"The taking over was answered (HTTP {status}), and its process should have died.")
        except httpx2.TransportError:
            return
    finally:
        scene.model.let_go()


def _erase(scene: Scene) -> None:
    """Two people have a customer erased whose answer may still be on its way."""
    second = scene.colleague.hire(f"second-{secrets.token_hex(4)}")
    thread = scene.mark()
    customer = customer_of(scene.rig, thread)
    if customer is None:
        raise DrillFailed("The customer who was to be erased is not there any more.")
    with suppress(httpx2.TransportError):
        # Where everything is one process, it may die before the second person's answer.
        have_erased(scene.rig, customer, thread, scene.colleague, second)


def _traces(scene: Scene) -> list[str]:
    return [f"The erased customer is still found in {place}." for place in places_of(scene.rig, scene.marker)]


def _export(scene: Scene) -> None:
    """A person asks for the messages as a file."""
    scene.mark()
    scene.colleague.fill_in("privacy/export/add/", {"first_day": "", "last_day": ""})


def _file(scene: Scene) -> list[str]:
    return messages_exported(scene.rig, scene.colleague)


POINTS = (
    Point(name="ingress.before_insert", drive=_write),
    Point(name="ingress.after_commit_before_200", drive=_write),
    Point(name="ingest.mid_tx", drive=_write),
    Point(name="ingest.after_commit", drive=_write),
    Point(name="turn.after_claim", drive=_write),
    Point(name="turn.before_llm", drive=_write),
    Point(name="turn.after_llm", drive=_write),
    Point(name="turn.commit_mid_tx", drive=_write),
    Point(name="turn.after_commit", drive=_write),
    Point(name="send.after_claim_commit", drive=_write),
    Point(name="send.after_connect", drive=_write),
    Point(name="send.after_request_bytes", drive=_write),
    Point(name="send.after_response_before_write", drive=_write),
    Point(name="send.after_write", drive=_write),
    Point(name="reconcile.after_lookup", drive=_doubtful_send),
    Point(name="takeover.mid_tx", drive=_take_over),
    Point(name="sweeper.between_steps", drive=_write),
    Point(name="spend.after_reserve", drive=_write),
    Point(name="erase.mid_tx", drive=_erase, afterwards=_traces),
    Point(name="export.mid_stream", drive=_export, afterwards=_file),
)


def take_all(scene: Scene, names: list[str], tell: Callable[[Taken], None]) -> list[Taken]:
    """Take the named points in order on one rig, and tell of each. A broken one does not spoil the next."""
    taken = []
    for point in (point for point in POINTS if not names or point.name in names):
        one = take(scene, point)
        tell(one)
        taken.append(one)
        if not one.holds:
            scene.rig.reset()
            scene.colleague.sign_in()
    return taken


def take(scene: Scene, point: Point) -> Taken:
    """Order the death, lead a process there, start it again, let everything come to rest, judge."""
    rig, begun = scene.rig, time.monotonic()
    rig.order.write_text(point.name)
    problem = died = ""
    verdict: Verdict | None = None
    try:
        driver = Driver(lambda: point.drive(scene))
        wait_for(
            lambda: driver.failed() or not rig.order.exists(),
            seconds=STRIKE_SECONDS,
            what=f"anybody to pass {point.name}",
        )
        died = ", ".join(rig.bury_the_dead())
        rig.simulator("DELETE", "faults")
        drain(rig)
        verdict = judge(rig)
        problem = "; ".join(point.afterwards(scene))
    except DrillFailed as failure:
        problem = str(failure)
    except Exception as failure:  # noqa: BLE001  (told, and the point has not held)
        problem = f"The drill itself failed: {failure!r}"
    finally:
        rig.order.unlink(missing_ok=True)
        rig.simulator("DELETE", "faults")
    return Taken(
        point=point.name,
        shape=rig.shape,
        died=died,
        seconds=time.monotonic() - begun,
        problem=problem,
        verdict=verdict,
    )


class Driver:
    """Leads a process to a point from a thread of its own, for whoever calls the process waits until it is dead."""

    def __init__(self, drive: Callable[[], None]) -> None:
        self._drive = drive
        self._problem: DrillFailed | None = None
        threading.Thread(target=self._run, name="driver", daemon=True).start()

    def failed(self) -> bool:
        """False as long as nothing went wrong. Raises what did."""
        if self._problem is not None:
            raise self._problem
        return False

    def _run(self) -> None:
        try:
            self._drive()
        except DrillFailed as problem:
            self._problem = problem
        except httpx2.HTTPError as error:
            self._problem = DrillFailed(f"The drill could not lead anybody there: {error}")
