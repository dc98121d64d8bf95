"""People get in the way: they take conversations over while the bot answers, race for one, and have somebody erased."""

import json
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import count
from uuid import UUID, uuid4

import httpx2

from drill.faults.base import BOTH, Fault, Stage
from drill.rig import DrillFailed, wait_for
from drill.rights import customer_of, have_erased, places_of
from drill.staff import Colleague

TAKEOVERS, RACES, ERASURES = (50, 200), (200, 1000), (8, 60)
AT_ONCE = 6
NO_ANSWER = 0
TRIES = 4
LANES, RACERS = 3, 2
# The instants at which people get in the way, in turn: any, while the bot thinks, while it sends.
MOMENTS = (0.6, 3.4)
INSTANTS = (
    "",
    "SELECT count(*) FROM conversations_conversation WHERE id = {pk} AND lease_owner <> ''",
    "SELECT count(*) FROM conversations_delivery WHERE conversation_id = {pk} AND state = 'sending'",
)
INSTANT_SECONDS = 20.0
WAYS = ("take-over", "reply", "app")
SLOW_SENDS: dict[str, object] = {"where": "send", "kind": "slow", "seconds": 1.5, "probability": 0.7}
THERE_SECONDS = 180.0
# Beside the storm's own customers, whose sends are slow: more would be waiting for the bot, and not for anybody to get in its way.
MOST_RATE = 4.0
ON_ITS_WAY = "already on its way"
TAKEN = """
SELECT e.id, CAST(e.target_id AS INTEGER), e.at, e."after" FROM core_auditevent e
WHERE e.action IN ('conversation.take_over', 'conversation.reply') ORDER BY e.id
"""
SENDING_MEANWHILE = """
SELECT DISTINCT e.id, d.id FROM core_auditevent e
JOIN conversations_delivery d ON d.conversation_id = CAST(e.target_id AS INTEGER) AND d.author = 'bot'
JOIN conversations_deliveryattempt a ON a.delivery_id = d.id AND a.started_at <= e.at AND a.ended_at > e.at
WHERE e.action IN ('conversation.take_over', 'conversation.reply') AND a.outcome = 'ok'
"""
OWNER = """
SELECT u.username FROM conversations_escalation e JOIN core_user u ON u.id = e.claimed_by_id
JOIN conversations_conversation c ON c.id = e.conversation_id WHERE e.state = 'claimed' AND c.thread_key = '{thread}'
"""


@dataclass(slots=True)
class _Tally:
    """What several threads count together, and how many there are to be."""

    wanted: int
    _numbers: "count[int]" = field(default_factory=lambda: count(1))
    _lock: threading.Lock = field(default_factory=threading.Lock)
    done: int = 0

    def next(self) -> int | None:
        """The number of the next one; None when all have been given out."""
        with self._lock:
            number = next(self._numbers)
            return number if number <= self.wanted else None

    def stop(self) -> None:
        """Give out no more."""
        with self._lock:
            self.wanted = 0

    def add(self) -> None:
        """One more is done."""
        with self._lock:
            self.done += 1


def taken_over(stage: Stage) -> None:
    """Conversations taken over at any instant of the bot's turns and sends, several at once; some are handed back.

    By the button, by a reply, and by a colleague's message in the platform's own app, in turn.
    """
    team = _team(stage, 3)
    tally = _Tally(stage.scaled(*TAKEOVERS))
    told: list[tuple[int, bool]] = []
    moments = [stage.dice.uniform(*MOMENTS) for _ in range(tally.wanted)]

    def storm(lane: int) -> None:
        colleague = team[lane % len(team)]
        while (number := tally.next()) is not None:
            thread = stage.say(f"storm-{number}", f"How long does delivery to France take? (storm {number})")[
                "conversation_id"
            ]
            pk, public_id = _conversation(stage, thread)
            _wait_for_an_instant(stage, pk, number, moments[number - 1])
            way = WAYS[number // len(INSTANTS) % len(WAYS)]
            if way == "app":
                order = {"conversation_id": thread, "text": f"I look after this myself. (storm {number})"}
                stage.rig.simulator("POST", "colleague", order)
            else:
                form = {"text": f"A colleague here. (storm {number})", "token": str(uuid4())} if way == "reply" else {}
                answer = _try(stage, colleague, public_id, way, form)
                if answer.status_code != 200:
                    stage.object_to(f"The {way} was answered with HTTP {answer.status_code}.")
                    continue
                if way == "take-over":
                    told.append((pk, ON_ITS_WAY in answer.headers.get("HX-Trigger", "")))
            tally.add()
            stage.say(f"storm-{number}", "Is anybody there?")
            if number % 3 == 0:
                colleague.act(public_id, "hand-back")

    with stage.rules(SLOW_SENDS):
        _in_lanes(AT_ONCE, storm, tally)
    stage.injected += tally.done
    stage.figures["takeovers"] = tally.done
    stage.at_rest(lambda: _judge_takeovers(stage, dict(told)))


def _try(stage: Stage, colleague: Colleague, public_id: str, deed: str, form: dict[str, str]) -> httpx2.Response:
    """A deed, and the same again where the page says that the database did not answer."""
    for _ in range(TRIES - 1):
        answer = colleague.act(public_id, deed, **form)
        if answer.status_code != HTTPStatus.SERVICE_UNAVAILABLE:
            return answer
        stage.figures["told to try again"] = stage.figures.get("told to try again", 0) + 1
    return colleague.act(public_id, deed, **form)


def _judge_takeovers(stage: Stage, told: dict[int, bool]) -> None:
    """What a person was told to be on its way is what was on its way, and nothing else came."""
    named = {event: (pk, set(_json(after).get("in_flight", []))) for event, pk, _, after in stage.rig.query(TAKEN)}
    sending: dict[int, set[int]] = {}
    for event, delivery in stage.rig.query(SENDING_MEANWHILE):
        sending.setdefault(event, set()).add(delivery)
    stage.figures["in flight at a takeover"] = sum(bool(deliveries) for _, deliveries in named.values())
    for event, (pk, deliveries) in named.items():
        if missing := sending.get(event, set()) - deliveries:
            stage.object_to(f"A takeover named {sorted(deliveries)} as on their way, and not {sorted(missing)}.")
        if pk in told and told[pk] != bool(deliveries):
            stage.object_to(f"A person was shown {told[pk]}, and {sorted(deliveries)} were on their way.")


def raced_for(stage: Stage) -> None:
    """Two people claim the same escalation in the same instant, again and again: one has it."""
    boss, *racers = _team(stage, 1 + RACERS)
    tally = _Tally(stage.scaled(*RACES))

    def lane(number: int) -> None:
        thread = stage.say(f"race-{number}", "Hello, are you there?")["conversation_id"]
        _, public_id = _conversation(stage, thread)
        boss.act(public_id, "escalate", detail="For a race.")
        with ThreadPoolExecutor(RACERS) as pool:
            while tally.next() is not None:
                _race(stage, racers, public_id, thread, pool)
                tally.add()
                boss.act(public_id, "assign", to="queue", reason="For the next race.")

    _in_lanes(LANES, lane, tally)
    stage.injected += tally.done
    stage.figures["races"] = tally.done
    stage.figures["double assignments"] = sum("was won by" in problem for problem in stage.problems)
    stage.at_rest(lambda: _judge_races(stage, tally.done))


def _race(stage: Stage, racers: Sequence[Colleague], public_id: str, thread: str, pool: ThreadPoolExecutor) -> None:
    line = threading.Barrier(len(racers))

    def run(racer: Colleague) -> int:
        line.wait(30)
        try:
            return racer.act(public_id, "claim").status_code
        except httpx2.TransportError:
            return NO_ANSWER

    statuses = list(pool.map(run, racers))
    winners = [racer.name for racer, status in zip(racers, statuses, strict=True) if status == 200]
    if len(winners) != 1 or sorted(statuses) != [200, *[409] * (len(racers) - 1)]:
        stage.object_to(f"A race was won by {len(winners)}, with the answers {sorted(statuses)}.")
        return
    owners = [row[0] for row in stage.rig.query(OWNER.format(thread=thread))]
    if owners != winners:
        stage.object_to(f"A race was won by {winners}, and the escalation is claimed by {owners}.")


def _judge_races(stage: Stage, races: int) -> None:
    claims = stage.rig.query("SELECT count(*) FROM core_auditevent WHERE action = 'escalation.claim'")[0][0]
    if claims != races:
        stage.object_to(f"There were {races} races, and {claims} claims are on record.")


def erased(stage: Stage) -> None:
    """Customers are erased at any instant of the bot's turns and sends, and the platform repeats what they wrote."""
    boss, second = _team(stage, 2)
    tally = _Tally(stage.scaled(*ERASURES))
    marker = f"marker{secrets.token_hex(6)}"
    moments = [stage.dice.uniform(0.0, MOMENTS[1]) for _ in range(tally.wanted)]

    def lane(_: int) -> None:
        while (number := tally.next()) is not None:
            user = f"{marker}-{number}"
            thread = stage.say(user, f"Where is my parcel? I am {user}.")["conversation_id"]
            pk = _conversation(stage, thread)[0]
            _wait_for_an_instant(stage, pk, number, moments[number - 1])
            customer = customer_of(stage.rig, thread)
            if customer is None:
                raise DrillFailed(f"Nobody erased {user} yet, and they are not there any more.")
            have_erased(stage.rig, customer, thread, boss, second)
            tally.add()

    repeated: dict[str, object] = {"where": "webhook", "kind": "hang_up", "probability": 0.5}
    with stage.rules(SLOW_SENDS, repeated):
        _in_lanes(LANES, lane, tally)
    stage.injected += tally.done
    stage.figures["erasures"] = tally.done
    stage.at_rest(lambda: _judge_erasures(stage, marker, tally.done))


def _judge_erasures(stage: Stage, marker: str, erasures: int) -> None:
    hits = places_of(stage.rig, marker)
    stage.figures["marker hits"] = len(hits)
    for place in hits:
        stage.object_to(f"Erased customers are still found in {place}.")
    done = stage.rig.query("SELECT count(*) FROM privacy_erasure WHERE state = 'done'")[0][0]
    gone = stage.rig.query("SELECT count(*) FROM conversations_customer WHERE erased_at IS NOT NULL")[0][0]
    if not done == gone == erasures:
        stage.object_to(f"{erasures} erasures were agreed to, {done} are done, and {gone} customers are erased.")


def _team(stage: Stage, size: int) -> list[Colleague]:
    """So many people, each signed in."""
    first = Colleague(rig=stage.rig)
    first.sign_in()
    return [first, *(first.hire(f"colleague-{number}") for number in range(2, size + 1))]


def _in_lanes(lanes: int, work: Callable[[int], None], tally: _Tally) -> None:
    """The same work in several threads; whatever one raises is raised here, and the others come to an end."""
    with ThreadPoolExecutor(lanes) as pool:
        try:
            for ended in as_completed([pool.submit(work, lane) for lane in range(lanes)]):
                ended.result()
        except BaseException:
            tally.stop()
            raise


def _conversation(stage: Stage, thread: str) -> tuple[int, str]:
    """The key and public id of the platform's conversation; waits until it is there."""
    found: list[tuple[int, str]] = []
    asked = f"SELECT id, public_id FROM conversations_conversation WHERE thread_key = '{thread}'"  # noqa: S608  (the platform's own id)

    def is_there() -> bool:
        found[:] = [(row[0], str(UUID(str(row[1])))) for row in stage.rig.query(asked)]
        return bool(found)

    wait_for(is_there, seconds=THERE_SECONDS, what="the conversation to be there")
    return found[0]


def _wait_for_an_instant(stage: Stage, pk: int, number: int, moment: float) -> None:
    """Wait until the bot is at what this number stands for, or some time where it stands for any."""
    asked = INSTANTS[number % len(INSTANTS)].format(pk=pk)
    if not asked:
        time.sleep(moment)
        return
    deadline = time.monotonic() + INSTANT_SECONDS
    while time.monotonic() < deadline and not stage.rig.query(asked)[0][0]:
        time.sleep(0.02)


def _json(value: object) -> dict[str, list[int]]:
    found: dict[str, list[int]] = json.loads(value) if isinstance(value, str) else value  # type: ignore[assignment]
    return found


FAULTS = (
    Fault(number="F41", name="takeover storm", strike=taken_over, shapes=BOTH, most_rate=MOST_RATE),
    Fault(number="F42", name="two race for one", strike=raced_for, shapes=BOTH, most_rate=MOST_RATE),
    Fault(number="F44", name="erased in mid turn", strike=erased, shapes=BOTH, most_rate=MOST_RATE),
)
