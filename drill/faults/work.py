"""Work that goes wrong from within: a message that kills, eats or hangs, a write that is broken off."""

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from drill.failpoints import ENDLESS, GREEDY, HUNGRY, POISON, UNREADABLE
from drill.faults.base import BOTH, SERVICES, SHORT, WORKERS, Fault, Stage
from drill.faults.bystanders import Bystanders
from drill.faults.shed import judge_shed
from drill.model import ModelServer
from drill.rig import DrillFailed, wait_for
from drill.shapes import Process, Shape

TASK_LIMIT = 8
END_SECONDS = 160.0
OTHERS_WAIT = 90.0
# How many times as long as before the others' p95 may be: docs/decisions.md says why.
MOST_BESIDE_POISON: Mapping[Shape, float] = {"embedded": 15.0, "services": 8.0}
MOST_MEGABYTES = 200
MOST_TRIES = 5
EXIT_STUCK = 70
CASE = """
SELECT c.id, c.mode, c.attempts, e.reason FROM conversations_message m
JOIN conversations_conversation c ON c.id = m.conversation_id
LEFT JOIN conversations_escalation e ON e.conversation_id = c.id AND e.closed_at IS NULL
WHERE m.text = '{text}'
"""
HELD = """
SELECT r.started_at FROM agent_agentrun r JOIN conversations_message m ON m.conversation_id = r.conversation_id
WHERE m.text = '{text}' ORDER BY r.id DESC LIMIT 1
"""
ANSWERED = """
SELECT m.created_at, d.created_at FROM conversations_message m
JOIN conversations_delivery d ON d.id = m.disposition_id AND d.conversation_id = m.conversation_id
WHERE m.disposition = 'answered' AND m.id > {after}
"""
GIVEN_UP = """
SELECT count(*) FROM conversations_escalation e
WHERE e.reason IN ('bot_failed', 'bot_unavailable') AND e.id > {after} AND e.conversation_id NOT IN ({known})
"""
LAST_MESSAGE = "SELECT coalesce(max(id), 0) FROM conversations_message"
LAST_ESCALATION = "SELECT coalesce(max(id), 0) FROM conversations_escalation"
EVENT = "SELECT state, attempts FROM integrations_webhookevent WHERE event_key = 'msg:{message}'"
FAILED_RUNS = "SELECT count(*) FROM agent_agentrun WHERE state = 'failed'"
DOUBTS = "SELECT count(*) FROM conversations_deliveryattempt WHERE outcome = 'ambiguous'"
EDITIONS = ("amber", "birch", "cedar", "dusk", "ember", "fern")
PUBLISH = """
import time
from agent.releases import services
for edition in {editions}:
    draft = services.configure("prompt.persona", "You help customers of {{business}}. Edition " + edition + ".", None)
    services.publish(draft, None)
    time.sleep({pause})
"""
PERSONAS = "SELECT release_id, config_value FROM agent_agentconfig WHERE config_key = 'prompt.persona'"
SPOKEN = """
SELECT m.text, r.release_id FROM conversations_message m JOIN agent_agentrun r ON r.id = m.run_id
WHERE m.sender_type = 'bot' AND m.text LIKE '%Edition %'
"""


class Case:
    """A message that goes wrong each time it is worked on, until people have it."""

    def __init__(self, stage: Stage, word: str) -> None:
        self._stage = stage
        self.text = f"I would like to ask about the {word} one, please. How long does delivery take?"
        self.begun = time.monotonic()
        self._after_message = stage.rig.query(LAST_MESSAGE)[0][0]
        self._after_escalation = stage.rig.query(LAST_ESCALATION)[0][0]
        self.deaths: list[int] = []
        self.largest = 0.0

    def write(self) -> None:
        """The customer writes it."""
        self._stage.say(f"customer-of-{self.text.split()[7]}", self.text)
        self._stage.injected += 1

    def tend(self, *, most_megabytes: float = 0.0) -> None:
        """Start again whatever ends, as a supervisor does, until people have the conversation.

        With ``most_megabytes`` what grows by more is killed, as a machine without memory would.
        """
        stage, rig = self._stage, self._stage.rig
        usual = {name: _megabytes(rig.running[name].pid) for name in WORKERS[rig.shape]}
        while time.monotonic() - self.begun < END_SECONDS and not self.is_with_people:
            for name in WORKERS[rig.shape]:
                grown = _megabytes(rig.running[name].pid) - usual[name]
                self.largest = max(self.largest, grown)
                if most_megabytes and grown > most_megabytes:
                    rig.kill(name)
                code = rig.running[name].poll()
                if code is not None:
                    self.deaths.append(code)
                    stage.injected += 1
                    rig.start(name)
            stage.pause(0.2)
        took = time.monotonic() - self.begun
        rig.start_all()
        stage.highest("seconds until a person has it", took)
        if not self.is_with_people:
            stage.object_to(f"After {took:.0f} s nobody has the conversation: {self.text}")

    @property
    def is_with_people(self) -> bool:
        """Whether the conversation was handed over."""
        return any(mode == "human" for _, mode, _, _ in self.rows())

    def judge(self, *, reasons: tuple[str, ...], least_deaths: int) -> None:
        """It was tried at most five times and given up for a reason that fits; others were answered meanwhile."""
        stage = self._stage
        rows = self.rows()
        tries = stage.rig.query(
            f"SELECT count(*) FROM agent_agentrun WHERE conversation_id IN ({', '.join(str(row[0]) for row in rows) or 0})"  # noqa: S608
        )[0][0]
        stage.highest("tries", tries)
        stage.highest("deaths", len(self.deaths))
        if tries > MOST_TRIES:
            stage.object_to(f"It was tried {tries} times.")
        if len(self.deaths) < least_deaths:
            stage.object_to(
                f"{len(self.deaths)} processes ended, and {least_deaths} should have: the fault was not there."
            )
        if found := {str(row[3]) for row in rows} - set(reasons):
            stage.object_to(f"It was handed over because of {', '.join(sorted(found))}.")

    def judge_others(self, *known: "Case") -> None:
        """Nobody else waited too long or was given up."""
        stage = self._stage
        waits = [
            (_instant(answered) - _instant(written)).total_seconds()
            for written, answered in stage.rig.query(ANSWERED.format(after=self._after_message))
        ]
        cases = ", ".join(str(row[0]) for case in (self, *known) for row in case.rows()) or "0"
        given_up = stage.rig.query(GIVEN_UP.format(after=self._after_escalation, known=cases))[0][0]
        stage.highest("others answered", len(waits))
        stage.highest("others' longest wait, s", max(waits, default=0.0))
        stage.highest("others given up", given_up)
        if not waits:
            stage.object_to("No other customer was answered.")
        longest = max(waits, default=0.0)
        late = f"Another customer waited {longest:.0f} s ({len(waits)} were answered)."
        stage.judge_time(longest, OTHERS_WAIT, late)
        if given_up:
            stage.object_to(f"{given_up} other conversations were given up.")

    def rows(self) -> list[tuple[Any, ...]]:
        """Its conversation: key, mode, attempts, and why people were called."""
        return self._stage.rig.query(CASE.format(text=self.text))


def _instant(value: object) -> datetime:
    found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _megabytes(pid: int) -> float:
    """What a process holds; 0 for one that is gone."""
    with suppress(OSError, ValueError, IndexError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    return 0.0


def memory_eaten(stage: Stage) -> None:
    """One message eats memory until its process is killed for it; another asks for more than there is."""
    with stage.changed(SHORT, failpoint="troubled-work"):
        greedy, hungry = Case(stage, GREEDY), Case(stage, HUNGRY)
        greedy.write()
        hungry.write()
        hungry.tend(most_megabytes=MOST_MEGABYTES)
        greedy.tend()
        hungry.judge(reasons=("bot_failed", "bot_unavailable"), least_deaths=2)
        greedy.judge(reasons=("bot_failed", "bot_unavailable"), least_deaths=0)
        hungry.judge_others(greedy)
        stage.highest("most eaten, MB", hungry.largest)


def task_endless(stage: Stage) -> None:
    """One message's turn never ends: its process exits by itself, and the slot is free again."""
    with stage.changed({**SHORT, "TASK_LIMIT_SECONDS": TASK_LIMIT}, failpoint="troubled-work"):
        endless = Case(stage, ENDLESS)
        endless.write()
        endless.tend()
        endless.judge(reasons=("bot_failed", "bot_unavailable"), least_deaths=2)
        endless.judge_others()
    stage.figures["task limit, s"] = TASK_LIMIT
    if strange := [code for code in endless.deaths if code != EXIT_STUCK]:
        stage.object_to(f"A process ended with {strange[0]} instead of {EXIT_STUCK}.")


def poisoned(stage: Stage) -> None:
    """One message kills whoever thinks about it, another cannot be read: both are given up, and nobody else waits."""
    with stage.changed(SHORT, failpoint="troubled-work"), Bystanders(stage=stage) as bystanders:
        bystanders.wait_for_a_quiet_measure()
        illegible = stage.say("customer-who-is-illegible", f"This is {UNREADABLE}.")
        stage.say("customer-who-is-illegible", "What does shipping cost?")
        poison = Case(stage, POISON)
        poison.write()
        poison.tend()
        poison.judge(reasons=("bot_failed", "bot_unavailable"), least_deaths=2)
        poison.judge_others()
        event = EVENT.format(message=_message_ids(illegible)[0])
        with suppress(DrillFailed):
            wait_for(lambda: stage.rig.query(event)[0][0] == "dead", seconds=60, what="the event to be given up")
        state, attempts = stage.rig.query(event)[0]
    bystanders.judge_at_rest(most=MOST_BESIDE_POISON[stage.rig.shape])
    stage.at_rest(lambda: judge_shed(stage))
    stage.highest("tries of the event", attempts)
    if (state, attempts) != ("dead", MOST_TRIES):
        stage.object_to(f"The event that cannot be read is {state} after {attempts} tries.")


def _message_ids(said: Mapping[str, Any]) -> list[str]:
    found = said.get("message_ids") or [said["message_id"]]
    return [str(each) for each in found]


def broken_off(stage: Stage) -> None:
    """The database breaks off two in five of the commits and of the sends' ends, as in a deadlock: they are begun again."""
    failed, doubts = stage.rig.query(FAILED_RUNS)[0][0], stage.rig.query(DOUBTS)[0][0]
    logs = [stage.rig.folder / f"{name}.log" for name in WORKERS[stage.rig.shape]]

    def begun_again() -> int:
        return sum(log.read_text(errors="replace").count("gave way to another transaction") for log in logs)

    before = begun_again()
    with stage.changed(SHORT, failpoint="colliding-transactions"):
        latest = stage.ends_at + END_SECONDS
        while stage.goes_on() or (begun_again() == before and time.monotonic() < latest):
            stage.pause(0.5)
        again = begun_again() - before
    stage.injected += again
    stage.highest("begun again", again)
    stage.highest("turns given back", stage.rig.query(FAILED_RUNS)[0][0] - failed)
    stage.highest("sends put in doubt", stage.rig.query(DOUBTS)[0][0] - doubts)
    if not again:
        stage.object_to("No transaction was ever begun again.")


def published(stage: Stage) -> None:
    """Releases are published while turns are under way: each speaks with the one it is recorded with."""
    with ModelServer() as model, stage.changed(model.settings):
        model.misbehave("slow")
        script = PUBLISH.format(editions=EDITIONS, pause=2.0)
        stage.rig.begin(Process(name="publisher", command=("manage.py", "shell", "-c", script)))
        while stage.goes_on() or stage.rig.runs("publisher"):
            stage.pause(0.5)
        code = stage.rig.running.pop("publisher").wait()
        stage.injected += len(EDITIONS)
        personas: dict[int, str] = dict(stage.rig.query(PERSONAS))
        spoken = stage.rig.query(SPOKEN)
    mixed = [text for text, release in spoken if text.rpartition("(")[2].rstrip(").") not in personas[release]]
    releases = len({release for _, release in spoken})
    stage.highest("answers that name their release", len(spoken))
    stage.highest("releases that spoke", releases)
    stage.figures["mixed turns"] = len(mixed)
    if code:
        stage.object_to("The releases could not be published; publisher.log says why.")
    if releases < 2:
        stage.object_to(f"{releases} releases spoke, so nothing was shown.")
    if mixed:
        stage.object_to(f"A turn spoke with another release than it is recorded with: {mixed[0]}")


FAULTS = (
    Fault(number="F08", name="worker out of memory", strike=memory_eaten, shapes=BOTH),
    Fault(number="F09", name="task hangs for ever", strike=task_endless, shapes=BOTH),
    Fault(
        number="F20",
        name="transactions broken off",
        strike=broken_off,
        shapes=SERVICES,
        only="SQLite has one writer at a time, so that no two transactions break each other off",
    ),
    Fault(number="F43", name="release published in mid turn", strike=published, shapes=BOTH),
    Fault(number="F47", name="poison message", strike=poisoned, shapes=BOTH),
)
