"""What an overloaded product does not answer at once, or gives away: whether its own metrics tell of it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import httpx2

from drill.faults.base import Stage

# Fewer than these may be gone before anybody scrapes.
WORTH_SHOWING = 50
SCRAPE_SECONDS = 1.0
BACKLOG = """
SELECT (SELECT count(*) FROM integrations_webhookevent WHERE state = 'received')
     + (SELECT count(*) FROM conversations_message WHERE disposition = 'undecided')
"""
WAITING = ('webhook_events{state="received"}', "messages_undecided")
# Each figure with what it has to show, of a product whose first customers wrote within the hour.
GIVEN_AWAY = {
    'escalations_last_hour{reason="bot_unavailable"}': "SELECT count(*) FROM conversations_escalation "
    "WHERE reason = 'bot_unavailable'",
    'escalations_last_hour{reason="bot_failed"}': "SELECT count(*) FROM conversations_escalation WHERE reason = 'bot_failed'",
    'webhook_events{state="dead"}': "SELECT count(*) FROM integrations_webhookevent WHERE state = 'dead'",
    'webhook_events{state="quarantined"}': "SELECT count(*) FROM integrations_webhookevent WHERE state = 'quarantined'",
    'deliveries{state="needs_review"}': "SELECT count(*) FROM conversations_delivery WHERE state = 'needs_review'",
    'deliveries{state="dead"}': "SELECT count(*) FROM conversations_delivery WHERE state = 'dead'",
}


@dataclass(slots=True)
class Peaks:
    """The most that waited at once, by the rows and as the metrics showed it."""

    there: int = 0
    shown: float = 0.0


@contextmanager
def backlog(stage: Stage) -> Iterator[None]:
    """Note the highest number of messages that waited while the block ran; the metrics must have shown half of a large one."""
    over, peaks = threading.Event(), Peaks()
    stage.metrics()

    def look() -> None:
        while not over.wait(SCRAPE_SECONDS):
            peaks.there = max(peaks.there, stage.rig.query(BACKLOG)[0][0])
            # A scrape that is not answered is one that shows nothing.
            with suppress(httpx2.TransportError):
                told = stage.metrics()
                peaks.shown = max(peaks.shown, sum(told.get(name, 0.0) for name in WAITING))

    looking = threading.Thread(target=look, name="backlog", daemon=True)
    looking.start()
    try:
        yield
    finally:
        over.set()
        looking.join()
    stage.highest("backlog peak", peaks.there)
    stage.highest("backlog peak in the metrics", peaks.shown)
    if peaks.there >= WORTH_SHOWING and peaks.shown < peaks.there / 2:
        stage.object_to(f"{peaks.there} messages waited, and the metrics showed {peaks.shown:.0f} at most.")


def judge_shed(stage: Stage) -> None:
    """At rest: whatever was given to people or given up is in the metrics."""
    told, away = stage.metrics(), 0
    for name, sql in GIVEN_AWAY.items():
        there = stage.rig.query(sql)[0][0]
        away += there
        if told.get(name, 0.0) < there:
            stage.object_to(f"The metrics show {name} {told.get(name, 0.0):.0f}, and there are {there}.")
    stage.figures["given away, as the metrics show too"] = away
