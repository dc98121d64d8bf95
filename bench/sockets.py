"""Open pages of staff and of visitors: when they hear of what somebody wrote, what one costs, and what slow ones cost the others."""

import json
import random
import socket
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle

import httpx2

from bench.crowd import OPEN_SECONDS, TEXT, Crowd, connected, frame
from bench.figures import Figure, Figures, median
from bench.hearing import Change, Hearing, heard, news
from bench.messages import LINES
from bench.sizes import Sizes
from drill import wire
from drill.rig import DrillFailed, Rig, wait_for
from drill.staff import Colleague
from drill.vitals import memory, processor_seconds

# STACK 7: what happens in a second, and in milliseconds what p95 and p99 must and should be beside so many.
CHANGES_A_SECOND = 10.0
LIMITS: Mapping[tuple[int, float], tuple[float, float]] = {
    (100, 0.95): (100.0, 50.0),
    (100, 0.99): (250.0, 120.0),
    (500, 0.95): (1000.0, 500.0),
}
# So many write in turns, since nobody may write more than 20 messages a minute in the web chat.
WRITERS = 40
# Pages look by themselves every two seconds; what they have not heard of after this they do not hear of.
HEARD_SECONDS, LOOK_SECONDS = 6.0, 0.2
# Opened and closed before the memory is looked at for the first time: the first ones load what all need.
FIRST_PAGES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """A visitor who writes; staff know the conversation by its id."""

    token: str
    conversation: str


@dataclass(slots=True, kw_only=True)
class Stage:
    """The product with its pages, and who writes. ``server`` is the process that has the sockets."""

    rig: Rig
    sizes: Sizes
    client: httpx2.Client
    colleague: Colleague
    dice: random.Random = field(default_factory=lambda: random.Random(20))
    writers: Sequence[Writer] = ()
    turns: Iterator[Writer] = field(default_factory=lambda: iter(()))

    @property
    def server(self) -> str:
        """The process that has the sockets."""
        return "up" if self.rig.shape == "embedded" else "live"

    @property
    def held(self) -> float:
        """Its memory, in megabytes."""
        return memory(self.rig.running[self.server].pid)

    @property
    def used(self) -> float:
        """What it has used of the processors, in seconds."""
        return processor_seconds(self.rig.running[self.server].pid)

    def restart(self) -> None:
        """Begin with a process that had no sockets: what closed ones leave would be used for the next."""
        self.rig.kill(self.server)
        self.rig.start_all()

    def write(self, writer: Writer) -> None:
        """A visitor says something. Raises DrillFailed."""
        order = {"client_msg_id": str(uuid.uuid4()), "text": LINES[0]}
        headers = {"Authorization": f"Bearer {writer.token}"}
        answer = self.client.post(f"{self.rig.visitors.chat}/messages", json=order, headers=headers)
        if answer.status_code != 201:
            raise DrillFailed(f"The chat refused a message (HTTP {answer.status_code}): {answer.text[:300]}")

    def visitor(self) -> tuple[str, str]:
        """Somebody new: the token and the name of the thread. Raises DrillFailed."""
        answer = self.client.post(f"{self.rig.visitors.chat}/session", json={})
        if answer.status_code != 201:
            raise DrillFailed(f"The chat refused a visitor (HTTP {answer.status_code}): {answer.text[:300]}")
        begun = answer.json()
        return begun["token"], begun["visitor_id"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What was heard in some seconds, and which share of one processor the sockets' process and the bench had in them."""

    hearing: Hearing
    served: float
    listened: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Pages of one kind: where they are, what one says first by its number, and who has to hear of what.

    ``named`` is the name of what a writer changes, and ``own`` that of what a page shows, by its number: where nothing is
    there, pages hear of everything.
    """

    name: str
    path: str
    headers: Mapping[str, str]
    first: Callable[[int], bytes]
    named: Callable[[Writer], str]
    own: Mapping[int, str]

    def fill(self, crowd: Crowd, count: int) -> None:
        """Open so many pages; a visitor's is open once it was told what there is. Raises DrillFailed."""
        while crowd.count < count:
            crowd.open(self.path, self.headers, first=self.first(crowd.count))
        if self.own:
            wait_for(
                lambda: len({each.page for each in crowd.told}) == count,
                seconds=OPEN_SECONDS,
                what="every visitor's page to be let in",
            )


def measure(rig: Rig, figures: Figures, sizes: Sizes) -> None:
    """Staff's pages, which hear of everything, and then visitors', each of which hears of its own conversation."""
    rig.start_all()
    # A connection that is kept may be closed by the server just as it is used again.
    limits = httpx2.Limits(max_keepalive_connections=0)
    with wire.Client(timeout=60, limits=limits) as client:
        stage = Stage(rig=rig, sizes=sizes, client=client, colleague=Colleague(rig=rig))
        stage.colleague.sign_in()
        stage.writers = _writers(stage, min(WRITERS, *sizes.sockets))
        stage.turns = cycle(stage.writers)
        _measure(stage, _of_staff(stage), figures)
        stage.restart()
        _measure(stage, _of_visitors(stage), figures)


def _writers(stage: Stage, count: int) -> list[Writer]:
    """Visitors whose conversations a person has taken over, so that nothing but what they write changes anything."""
    begun = [stage.visitor() for _ in range(count)]
    for token, _ in begun:
        stage.write(Writer(token=token, conversation=""))
    rows = stage.rig.query("SELECT thread_key, public_id FROM conversations_conversation")
    known = {str(thread): str(uuid.UUID(str(public_id))) for thread, public_id in rows}
    writers = [Writer(token=token, conversation=known[thread]) for token, thread in begun]
    for writer in writers:
        status = stage.colleague.take_over(writer.conversation)
        if status >= 400:
            raise DrillFailed(f"A conversation could not be taken over (HTTP {status}).")
    return writers


def _of_staff(stage: Stage) -> Kind:
    return Kind(
        name="of staff",
        path="/ws/workspace/",
        headers=stage.colleague.socket_headers(),
        first=lambda _: b"",
        named=lambda writer: writer.conversation,
        own={},
    )


def _of_visitors(stage: Stage) -> Kind:
    """The first pages are those of the writers; the others belong to visitors who have not written."""

    def first(number: int) -> bytes:
        token = stage.writers[number].token if number < len(stage.writers) else stage.visitor()[0]
        return json.dumps({"type": "auth", "token": token, "after": 0}).encode()

    return Kind(
        name="of visitors",
        path=f"/ws{stage.rig.visitors.chat.removeprefix(stage.rig.url)}/",
        headers={},
        first=first,
        named=lambda writer: writer.token,
        own={number: writer.token for number, writer in enumerate(stage.writers)},
    )


def _measure(stage: Stage, kind: Kind, figures: Figures) -> None:
    with Crowd(stage.rig.pages_url) as first:
        kind.fill(first, FIRST_PAGES)
        stage.write(stage.writers[0])
    begun = stage.held
    with Crowd(stage.rig.pages_url) as crowd:
        for count in stage.sizes.sockets:
            kind.fill(crowd, count)
            figures.tell(
                Figure(
                    name=f"{stage.rig.shape}: memory of a socket {kind.name}, {count} open",
                    value=1024 * (stage.held - begun) / count, unit="kB", detail=f"{stage.server} {stage.held:.0f} MB",
                )
            )  # fmt: skip
            usual, beside = [], []
            for _ in range(stage.sizes.rounds):
                usual.append(_round(stage, crowd, kind))
                with _slow_ones(stage, kind):
                    beside.append(_round(stage, crowd, kind))
            _tell(stage, figures, f"{count} {kind.name}", usual, beside, count=count)


@contextmanager
def _slow_ones(stage: Stage, kind: Kind) -> Iterator[None]:
    """Pages that say what the first ones do, hear of the same, and read nothing of it."""
    wires: list[socket.socket] = []
    try:
        for number in range(stage.sizes.slow):
            wires.append(connected(stage.rig.pages_url, kind.path, kind.headers, slow=True)[0])
            if said := kind.first(number):
                wires[-1].sendall(frame(TEXT, said))
        yield
    finally:
        for each in wires:
            each.close()


def _round(stage: Stage, crowd: Crowd, kind: Kind) -> Round:
    """Let people write for some seconds, at moments that hang on nothing, and wait until all have heard."""
    begun, served, listened = time.monotonic(), stage.used, time.process_time()
    told_before = len(crowd.told)
    changes: list[Change] = []
    next_at = begun
    while next_at < begun + stage.sizes.seconds:
        time.sleep(max(0.0, next_at - time.monotonic()))
        writer = next(stage.turns)
        changes.append(Change(name=kind.named(writer), at=time.monotonic()))
        stage.write(writer)
        next_at = max(next_at + stage.dice.uniform(0.5, 1.5) / CHANGES_A_SECOND, time.monotonic())
    took = time.monotonic() - begun
    served, listened = (stage.used - served) / took, (time.process_time() - listened) / took

    def look() -> Hearing:
        told = news(crowd.told[told_before:], kind.own)
        return heard(changes, told, due=1 if kind.own else crowd.count)

    hearing = look()
    until = time.monotonic() + HEARD_SECONDS
    while hearing.missing and time.monotonic() < until:
        time.sleep(LOOK_SECONDS)
        hearing = look()
    if crowd.gone:
        raise DrillFailed(f"The server closed {crowd.gone} of {crowd.count} pages {kind.name}.")
    if not hearing.each:
        raise DrillFailed(f"No page {kind.name} heard of anything.")
    return Round(hearing=hearing, served=served, listened=listened)


def _tell(
    stage: Stage, figures: Figures, pages: str, usual: Sequence[Round], beside: Sequence[Round], *, count: int
) -> None:
    begin = f"{stage.rig.shape}: {pages}"
    high = {share: median([each.hearing.high(share) for each in usual]) for share in (0.95, 0.99)}
    for share, value in high.items():
        must, aim = LIMITS.get((count, share), (None, None))
        figures.tell(
            Figure(
                name=f"{begin} hear of a message, p{share * 100:.0f}", value=value, unit="ms", must=must, aim=aim,
                less_is_better=True, detail=f"{len(usual)} rounds of {len(usual[0].hearing.waits)} messages",
            )
        )  # fmt: skip
    figures.tell(
        Figure(
            name=f"{begin} until the last has heard, p50", value=1000 * median([median(each.hearing.last) for each in usual]),
            unit="ms",
            detail=f"of one processor {stage.server} took {100 * median([each.served for each in usual]):.0f} %, "
            f"the bench {100 * median([each.listened for each in usual]):.0f} %",
        )
    )  # fmt: skip
    figures.tell(
        Figure(
            name=f"{begin} do not hear of a message", value=sum(each.hearing.missing for each in [*usual, *beside]), unit="",
            must=0.0, less_is_better=True, detail=f"of {sum(each.hearing.due for each in [*usual, *beside]):,}",
        )
    )  # fmt: skip
    slowed = median([each.hearing.high(0.95) for each in beside])
    figures.tell(
        Figure(
            name=f"{begin}, p95 beside {stage.sizes.slow} that read nothing", value=slowed / high[0.95], unit="x usual",
            detail=f"{slowed:.0f} ms",
        )
    )  # fmt: skip
