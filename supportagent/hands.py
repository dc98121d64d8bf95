"""The threads of a process that works: they answer its own bells, so that no broker carries what is done here, and look
for what is due by themselves, so that no process is full while another has nothing to do.
"""

import threading
import time
from collections import Counter
from collections.abc import Sequence
from functools import partial

from celery import Task
from django.conf import settings

from agent.tasks import run_turn
from conversations import services as conversations
from core.budgets import TokenBucket
from integrations import services as integrations
from integrations.tasks import ingest_event, send_next, send_typing
from supportagent.crew import Crew, Work
from supportagent.diary import Diary
from supportagent.sweeper import Step, Sweeper

# Of those that were rung for, one hand takes so many in at once.
EVENTS_TOGETHER = 20
# Of one hand's round through the lanes, so that the watchdog sees that it ends.
EVENTS_SECONDS = 5.0
# So much waits for a free hand, for the moments between two passes.
AHEAD = 16
# Of what is due so many times as much is looked at as one process takes, so that another one finds something else.
LOOKS_AT = 4
# Of the signs of typing: each is a call of the platform's, and where more write than that hands have better things to do.
TYPING_AT_ONCE, TYPING_A_SECOND = 20, 10


class Hands:
    """Crews for events, turns, sends and the sign of typing, so that none holds up another, and who finds work for them.

    Every process of this kind does the same, and what counts is claimed in the rows. One that ``is_second`` begins behind
    what the sweeper takes at every other look, so that the two seldom reach for the same and nobody waits for one of them.
    """

    def __init__(self, *, is_second: bool) -> None:
        self._is_second, self._is_retired = is_second, False
        self._looks: Counter[str] = Counter()
        # Without bells all events come in through here, and a turn must not wait until they are through.
        self.events = Crew("events", max(1, settings.WORK_THREADS // 2), ahead=AHEAD, when_short=self._look_again)
        self.turns = Crew("turns", settings.WORK_THREADS, ahead=AHEAD, when_short=self._look_again)
        self.sends = Crew("sends", settings.WORK_THREADS, ahead=AHEAD, when_short=self._look_again)
        self.typing = Crew("typing", 1, ahead=AHEAD)
        self.crews: tuple[Crew, ...] = (self.events, self.turns, self.sends, self.typing)
        self._typing_budget = TokenBucket(TYPING_AT_ONCE, TYPING_A_SECOND)
        self._diary = Diary("bells for later")
        self._answers: dict[str, tuple[Crew, str, Work]] = {
            ingest_event.name: (self.events, "event", self._take_in_rung),
            run_turn.name: (self.turns, "turn", run_turn),
            send_next.name: (self.sends, "send", integrations.send_next),
            send_typing.name: (self.typing, "typing", integrations.send_typing),
        }
        self.sweeper = Sweeper(self._steps(), finished=self._finished)

    def answer(self, task: "Task[[int], None]", pk: int, after: float) -> bool:
        """See to a bell with these hands, in ``after`` seconds; False where it is none of theirs, or comes too late.

        Where they are too busy its row waits until somebody looks. Where very many write, not everybody is shown typing.
        """
        name = str(task.name)
        if self._is_retired or name not in self._answers:
            return False
        if name == send_typing.name and not self._typing_budget.spend():
            return True
        if after > 0:
            self._diary.note(after, partial(self._call, name, pk))
        else:
            self._call(name, pk)
        return True

    def _call(self, name: str, pk: int) -> None:
        crew, kind, work = self._answers[name]
        crew.call(kind, pk, work)

    def run(self, stop: threading.Event) -> None:
        """Look for what is due until ``stop`` is set."""
        self.sweeper.run(stop)

    def sweep_once(self) -> dict[str, int]:
        """Look once; how much each step found to do."""
        return self.sweeper.sweep_once()

    @property
    def stalled_seconds(self) -> float:
        """How long work has been due without any getting done, or a look has been stuck."""
        return self.sweeper.stalled_seconds

    def _look_again(self) -> None:
        """What was left out for want of room is found again, and there is room."""
        self.sweeper.hear(0.0)

    def _finished(self) -> int:
        return self.turns.finished + self.sends.finished

    def _steps(self) -> tuple[Step, ...]:
        return (
            Step(name="turns", run=self._begin_turns, is_work=True),
            Step(name="sends", run=self._begin_sends, is_work=True),
        )

    def _begin_turns(self) -> int:
        return self._begin(run_turn.name, conversations.due_turns(LOOKS_AT * self.turns.most))

    def _begin_sends(self) -> int:
        return self._begin(send_next.name, conversations.due_sends(LOOKS_AT * self.sends.most))

    def _begin(self, name: str, due: Sequence[int]) -> int:
        crew, kind, work = self._answers[name]
        self._looks[name] += 1
        first = crew.most if self._is_second and self._looks[name] % 2 else 0
        crew.give(kind, [*due[first:], *due[:first]], work)
        return len(due)

    def _take_in_rung(self, pk: int) -> None:
        """Take in an event that was rung for, together with those that wait for a hand."""
        others = self.events.take_along("event", EVENTS_TOGETHER - 1)
        integrations.ingest_events([pk, *others], seconds=EVENTS_SECONDS)

    def oldest_seconds(self) -> float:
        """How long the longest job has been going on."""
        return max(crew.oldest_seconds for crew in self.crews)

    def wait(self, seconds: float) -> bool:
        """Wait until every crew is done; False if that took longer."""
        deadline = time.monotonic() + seconds
        done = [crew.wait(max(0.0, deadline - time.monotonic())) for crew in self.crews]
        return all(done)

    def retire(self) -> None:
        """Let the crews take nothing more, and leave bells to others."""
        self._is_retired = True
        for crew in self.crews:
            crew.retire()
