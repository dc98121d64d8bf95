"""What a customer is told of the time when people take over: only what was worked out, or nothing."""

from datetime import timedelta

from agent.graph.context import Renders, Staffing
from core import waits


def time_told(staffing: Staffing, texts: Renders, language: str) -> str:
    """The sentence about the time, in ``language`` or English; empty where nothing is known that would help.

    Closed: when people are there again. Open: how long it takes at present, if that is worked out and ends before they close.
    """
    own = waits.spoken(language)
    if staffing.is_open is False:
        if staffing.opens is None:
            return ""
        opens = waits.moment(staffing.opens, now=staffing.now, zone=staffing.zone, language=own)
        return texts.render("people_back", own, opens=opens)
    told = _told(staffing)
    return texts.render("people_wait", own, wait=waits.length(told, own)) if told else ""


def answer_by(staffing: Staffing) -> str:
    """The moment, in ISO 8601, by which ``time_told`` lets a customer expect an answer; empty where it names no length."""
    told = _told(staffing)
    return (staffing.now + told).isoformat() if told else ""


def _told(staffing: Staffing) -> timedelta | None:
    if staffing.is_open is False:
        return None
    return waits.wait_told(staffing.wait, now=staffing.now, closes=staffing.closes)
