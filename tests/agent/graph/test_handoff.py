"""What customers are told of the time when people take over."""

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from agent.graph.brief import World
from agent.graph.context import Staffing
from agent.graph.handoff import time_told
from agent.releases.defaults.texts import TEXTS
from agent.releases.keys import fill
from agent.world import as_json, from_json
from tests.agent.scripted import People, Texts, context, given, rule, run

BERLIN = ZoneInfo("Europe/Berlin")
FRIDAY_NIGHT = datetime(2026, 11, 27, 20, tzinfo=UTC)


class ShippedTexts(Texts):
    """The texts as the product comes with them."""

    def render(self, key: str, language: str, **values: str) -> str:
        return fill(TEXTS[key][language], values)


def told(language: str = "en", **stands: object) -> str:
    """What is said of the time."""
    return time_told(Staffing(**{"now": FRIDAY_NIGHT, "zone": "CET", **stands}), ShippedTexts(), language)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Our team is back on Monday at 08:00 (CET)."),
        ("de", "Unser Team ist am Montag um 08:00 Uhr (CET) wieder da."),
        ("es", "Nuestro equipo volverá a estar disponible el lunes a las 08:00 (CET)."),
        ("it", "Il nostro team sarà di nuovo disponibile lunedì alle 08:00 (CET)."),
        ("nl", "Ons team is er op maandag om 08:00 uur (CET) weer."),
    ],
)
def test_when_nobody_is_there_it_is_said_when_people_are_back(language: str, said: str) -> None:
    assert told(language, is_open=False, opens=datetime(2026, 11, 30, 8, tzinfo=BERLIN)) == said


@pytest.mark.parametrize(
    ("opens", "day"),
    [
        (datetime(2026, 11, 27, 22, tzinfo=BERLIN), "today at 22:00"),
        (datetime(2026, 11, 28, 8, tzinfo=BERLIN), "tomorrow at 08:00"),
        (datetime(2026, 12, 3, 8, tzinfo=BERLIN), "on Thursday at 08:00"),
        (datetime(2026, 12, 4, 8, tzinfo=BERLIN), "on 2026-12-04 at 08:00"),
    ],
)
def test_the_day_is_named_as_the_business_reads_the_calendar(opens: datetime, day: str) -> None:
    assert day in told(is_open=False, opens=opens)


@pytest.mark.parametrize(
    ("wait", "length"),
    [(10, "5 minutes"), (5 * 60 + 1, "10 minutes"), (54 * 60, "55 minutes"), (56 * 60, "1 hour"), (3_601, "2 hours"), (4 * 3_600, "4 hours")],
)  # fmt: skip
def test_a_wait_is_told_rounded_up(wait: int, length: str) -> None:
    closes = FRIDAY_NIGHT + timedelta(days=1)

    assert (
        told(is_open=True, closes=closes, wait=timedelta(seconds=wait)) == f"At present an answer takes about {length}."
    )
    assert told("es", is_open=True, closes=closes, wait=timedelta(hours=1)).endswith("aproximadamente 1 hora.")


@pytest.mark.parametrize(
    "stands",
    [
        {},
        {"is_open": False},
        {"is_open": True},
        {"is_open": True, "wait": timedelta(hours=5), "closes": FRIDAY_NIGHT + timedelta(days=1)},
        {"is_open": True, "wait": timedelta(hours=2), "closes": FRIDAY_NIGHT + timedelta(hours=1)},
    ],
)
def test_what_cannot_be_worked_out_or_kept_is_not_said(stands: dict[str, object]) -> None:
    assert told("en", **stands) == ""


def test_the_one_hand_off_message_holds_the_sentence() -> None:
    people = People(Staffing(now=FRIDAY_NIGHT, is_open=True, wait=timedelta(minutes=12)))

    state = run(given(), context(people=people, rules=(rule(("route", "is", "support")),)))

    assert state["response"] == "handoff in en people_wait in en: 15 minutes"
    assert datetime.fromisoformat(state["answer_by"]) == FRIDAY_NIGHT + timedelta(minutes=15)


def test_a_sentence_that_is_told_again_from_what_was_kept_is_the_same() -> None:
    live = Staffing(now=FRIDAY_NIGHT, is_open=False, opens=datetime(2026, 11, 30, 8, tzinfo=BERLIN), zone="CET")
    kept = from_json(json.loads(json.dumps(as_json(World(staffing=live))))).staffing

    assert kept is not None
    assert time_told(kept, ShippedTexts(), "de") == time_told(live, ShippedTexts(), "de")
