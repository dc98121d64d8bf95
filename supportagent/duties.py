"""What the sweeper looks after, in the order in which a message travels."""

import logging
import threading
from collections.abc import Callable
from functools import partial
from itertools import count

from agent.releases import learning
from agent.services import gaps, importing, reviewing, searching
from agent.services.leftovers import book_stale_reservations, end_abandoned_runs, end_undecided_approvals
from agent.tasks import read_attachment, read_runs, refit, review_knowledge, run_suspected_turn
from conversations import services as conversations
from core import audit, idempotency, leases, throttles
from integrations import services as integrations
from privacy import services as privacy
from supportagent import heartbeats
from supportagent.crew import Crew
from supportagent.hands import EVENTS_SECONDS, Hands
from supportagent.sweeper import Step, Sweeper

logger = logging.getLogger(__name__)

# There is a pass each second, and at once again where one took as much as it may. That is for what there was too much of;
# the rest has the time of an ordinary pass, which is a moment shorter than a second so that none is left out.
EACH_SECOND = 0.9
EVENTS_PER_PASS = FACTS_PER_PASS = 200
SEAL_LEASE_SECONDS = 10
# Of one Page's lane; then whoever waits for these hands has a turn.
PAGE_SECONDS = 20.0
UPKEEP_ENDS_WITHIN = 1.0


class Duties(Hands):
    """The sweeper with its crews: those of any process that works, and more for errands, so that none holds up another.

    What customers wait for is looked for by a thread of its own, which writes nothing: the rest waits for its turn to write,
    and under load that would keep the hands from their work.
    """

    def __init__(self) -> None:
        super().__init__(is_second=False)
        self._has_read_back = False
        self._rounds = count(1)
        # One that ends processes takes those beside it along, but not again and again the same ones.
        self.suspected = Crew("suspected turns", 1)
        self.errands = Crew("errands", 3)
        # Who has waited too long gets a person, whatever else takes long; and a conversation that is held holds up no sweep.
        self.overdue = Crew("overdue", 1)
        # A lane of many threads is taken in one event after another, each asked for: a crowd elsewhere must not keep it.
        self.pages = Crew("pages", 2)
        # What was missed must be found, and whatever else is being done for long has hands of its own.
        self.comparing = Crew("comparing", 1)
        # Subscribers may be slow, and nobody's message waits for them.
        self.tellers = Crew("tellers", 2)
        # A long recording takes its time, and no platform waits for it.
        self.readers = Crew("readers", 2)
        self.upkeep = Sweeper(self._upkeep())
        self.crews += (
            self.suspected,
            self.errands,
            self.overdue,
            self.pages,
            self.comparing,
            self.tellers,
            self.readers,
        )

    def run(self, stop: threading.Event) -> None:
        """Look for everything until ``stop`` is set."""
        upkeep = threading.Thread(target=self.upkeep.run, args=(stop,), name="upkeep", daemon=True)
        upkeep.start()
        super().run(stop)
        upkeep.join(UPKEEP_ENDS_WITHIN)

    def sweep_once(self) -> dict[str, int]:
        """One pass over everything; how much each step found to do."""
        return super().sweep_once() | self.upkeep.sweep_once()

    @property
    def stalled_seconds(self) -> float:
        """How long work has been due without any getting done, or a pass has been stuck."""
        return max(super().stalled_seconds, self.upkeep.stalled_seconds)

    def _finished(self) -> int:
        return super()._finished() + self.suspected.finished

    def _steps(self) -> tuple[Step, ...]:
        return (Step(name="ingest", run=self._begin_events), *super()._steps())

    def _upkeep(self) -> tuple[Step, ...]:
        return (
            Step(name="expired sends", run=conversations.release_expired_sends, every=EACH_SECOND),
            Step(
                name="unknown",
                run=self._errand("reconciliation", integrations.reconcile_unknown),
                every=EACH_SECOND,
            ),
            Step(name="clock", run=_mend_clock, every=5),
            Step(name="overdue", run=self._raise_overdue, every=EACH_SECOND),
            Step(name="late promises", run=conversations.raise_late_promises, every=15),
            Step(name="switched off", run=integrations.hold_the_bot, every=EACH_SECOND),
            Step(name="silent", run=conversations.close_silent, every=60),
            Step(name="abandoned runs", run=end_abandoned_runs, every=60),
            Step(name="undecided approvals", run=end_undecided_approvals, every=60),
            Step(name="reservations", run=book_stale_reservations, every=60),
            Step(name="tokens", run=self._errand("token refresh", integrations.refresh_tokens), every=30),
            Step(name="notifications", run=self._errand("notifications", integrations.keep_notified), every=30),
            Step(name="read back", run=self._read_back, every=30),
            Step(name="restored", run=self._go_on_after_restore, every=5),
            Step(name="media", run=self._errand("media fetch", integrations.fetch_media), every=5),
            Step(name="readings", run=self._begin_readings),
            Step(name="facts", run=lambda: integrations.spread_facts(FACTS_PER_PASS), most=FACTS_PER_PASS),
            Step(name="subscribers", run=self._begin_telling),
            Step(name="expired events", run=integrations.release_expired_events, every=5),
            Step(name="erasures", run=self._begin_erasures, every=2),
            Step(name="exports", run=self._begin_exports, every=2),
            Step(name="imports", run=self._begin_imports, every=2),
            Step(name="heads", run=self._begin_fitting, every=10),
            Step(name="runs read", run=self._begin_reading, every=10),
            Step(name="review", run=self._begin_review, every=60),
            Step(name="old searches", run=searching.forget_old_searches, every=60),
            Step(name="audit", run=_seal, every=EACH_SECOND),
            Step(name="whole audit", run=lambda: _seal(look_back=None), every=3600),
            Step(name="old calls", run=throttles.forget_old_windows, every=3600),
            Step(name="repeated calls", run=idempotency.forget_old_calls, every=60),
            Step(name="heartbeat", run=self._beat, every=5),
            Step(name="dead processes", run=heartbeats.forget_the_dead, every=3600),
        )

    def _begin_events(self) -> int:
        # Here alone: two processes at the same lanes would wait for each other.
        due = integrations.due_lanes(EVENTS_PER_PASS)
        pages = [lane for lane in due if lane.is_of_many_threads]
        for lane in pages:
            # Each is one job, whatever waits first in it.
            self.pages.give(f"lane {lane.conv_key} of", (0,), partial(_take_in_page, lane))
        hands = min(len(due) - len(pages), self.events.threads, self.events.room)
        for share in range(hands):
            self.events.give("round of events", (next(self._rounds),), partial(_take_in, share, hands))
        return len(due)

    def _begin_turns(self) -> int:
        suspected = conversations.suspected_turns(1)
        self.suspected.give("suspected turn", suspected, run_suspected_turn)
        return super()._begin_turns() + len(suspected)

    def _raise_overdue(self) -> int:
        return self.overdue.give("round of the overdue", (0,), lambda _: conversations.raise_overdue())

    def _begin_telling(self) -> int:
        due = integrations.due_subscriptions(2 * self.tellers.threads)
        self.tellers.give("subscriber", due, integrations.tell)
        return len(due)

    def _begin_readings(self) -> int:
        due = conversations.due_readings(2 * self.readers.threads)
        self.readers.give("reading", due, read_attachment)
        return len(due)

    def _begin_erasures(self) -> int:
        due = privacy.due_erasures()
        self.errands.give("erasure", due, privacy.work_erasure)
        return len(due)

    def _begin_exports(self) -> int:
        # One at a time: whoever waits for a file can wait, and the other hands stay free for the platforms.
        due = privacy.due_exports(1)
        self.errands.give("export", due, privacy.work_export)
        return len(due)

    def _begin_fitting(self) -> int:
        due = learning.due()
        self.errands.give("fitting", due[:1], refit)
        return len(due)

    def _begin_reading(self) -> int:
        return self.errands.give("reading of runs", (0,), read_runs) if gaps.unread() else 0

    def _begin_review(self) -> int:
        return self.errands.give("review", (0,), review_knowledge) if reviewing.is_due() else 0

    def _begin_imports(self) -> int:
        # One at a time, like exports.
        due = importing.due_imports(1)
        self.errands.give("import", due, importing.work_import)
        return len(due)

    def _errand(self, name: str, work: Callable[[], object]) -> Callable[[], int]:
        # An errand waits for platforms; as a job in hand it never runs twice in this process.
        return lambda: self.errands.give(name, (0,), lambda _: work())

    def _read_back(self) -> int:
        # The first look of a process is the one after an outage, so it does not wait until the account is due.
        is_first = not self._has_read_back
        is_taken = self.comparing.give("comparison", (0,), lambda _: integrations.read_back(at_once=is_first))
        self._has_read_back = self._has_read_back or bool(is_taken)
        return is_taken

    def _go_on_after_restore(self) -> int:
        # Nothing is said through these accounts until it is done, and each moment a few of their calls are free again.
        return self.comparing.give("comparison", (0,), lambda _: integrations.go_on_after_restore())

    def _beat(self) -> int:
        compared = {str(pk): list(threads) for pk, threads in integrations.progress().items()}
        heartbeats.beat("sweeper", {"in_hand": sum(crew.in_hand for crew in self.crews), "compared": compared})
        return 1


def _take_in(share: int, of: int, _round: int) -> None:
    # A round may begin some time after it was given, and what waits is another then.
    due = [lane for lane in integrations.due_lanes(EVENTS_PER_PASS) if not lane.is_of_many_threads]
    integrations.ingest_lanes(due[share::of], seconds=EVENTS_SECONDS)


def _take_in_page(lane: integrations.Lane, _: int) -> None:
    integrations.ingest_lanes((lane,), seconds=PAGE_SECONDS)


def _mend_clock() -> int:
    """Where the database's clock was put back, what waits for a moment would wait for it a second time."""
    mended = conversations.shorten_impossible_waits() + integrations.shorten_impossible_waits() + leases.shorten()
    if mended:
        logger.warning("The database's clock was put back: %d waits were shortened.", mended)
    return mended


def _seal(look_back: int | None = audit.LOOK_BACK) -> int:
    """Chain the new audit events; one process at a time, for the chain has one end."""
    if not leases.take("audit seal", owner=leases.process_name(), seconds=SEAL_LEASE_SECONDS):
        return 0
    return audit.seal(look_back=look_back)
