"""The threads of a process that answer its own bells, so that no broker carries what is done here."""

import time
from functools import partial

from celery import Task
from django.conf import settings

from agent.tasks import run_turn
from core.budgets import TokenBucket
from integrations import services as integrations
from integrations.tasks import ingest_event, send_next, send_typing
from supportagent.crew import Crew, Work
from supportagent.diary import Diary

# Of those that were rung for, one hand takes so many in at once.
EVENTS_TOGETHER = 20
# Of one hand's round through the lanes, so that the watchdog sees that it ends.
EVENTS_SECONDS = 5.0
# So much waits for a free hand, for the moments between two passes.
AHEAD = 16
# Of the signs of typing: each is a call of the platform's, and where more write than that hands have better things to do.
TYPING_AT_ONCE, TYPING_A_SECOND = 20, 10


class Hands:
    """Crews for events, turns, sends and the sign of typing, so that none holds up another."""

    def __init__(self) -> None:
        # Without bells all events come in through here, and a turn must not wait until they are through.
        self.events = Crew("events", max(1, settings.WORK_THREADS // 2), ahead=AHEAD)
        self.turns = Crew("turns", settings.WORK_THREADS, ahead=AHEAD)
        self.sends = Crew("sends", settings.WORK_THREADS, ahead=AHEAD)
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

    def answer(self, task: "Task[[int], None]", pk: int, after: float) -> bool:
        """See to a bell with these hands, in ``after`` seconds; False where others should.

        That is where it is none of theirs, or they are too busy. Where very many write, not everybody is shown typing.
        """
        if not self.knows(task):
            return False
        if str(task.name) == send_typing.name and not self._typing_budget.spend():
            return True
        if after > 0:
            return self._diary.note(after, partial(self.call, str(task.name), pk))
        return self.call(str(task.name), pk)

    def knows(self, task: "Task[[int], None]") -> bool:
        """Whether it is something for these hands."""
        return str(task.name) in self._answers

    def call(self, name: str, pk: int) -> bool:
        """Take up a task of this name now; False where there is no room, and the row waits for whoever sweeps."""
        crew, kind, work = self._answers[name]
        return crew.call(kind, pk, work)

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
        """Let the crews take nothing more."""
        for crew in self.crews:
            crew.retire()
