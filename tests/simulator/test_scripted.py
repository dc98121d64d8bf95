"""The scripted customers."""

from typing import Any

from simulator.scripted import script
from tests.simulator.rig import Rig, wait_until

FAST = {"enabled": True, "every_seconds": 0, "pause_seconds": 0}


def scripted(rig: Rig) -> list[dict[str, Any]]:
    """The scripted conversations."""
    return [each for each in rig.look("conversations")["conversations"] if each["scripted"]]


def test_the_cast_has_the_stories_it_should() -> None:
    scripts = script.load_all()

    assert len(scripts) >= 9
    assert any(len(line.texts) == 3 for each in scripts for line in each.lines)
    assert any(line.image for each in scripts for line in each.lines)
    assert all(each.customers and each.lines and not each.lines[0].waits for each in scripts)


def test_customers_come_until_there_are_enough(rig: Rig) -> None:
    rig.order("scripted", **FAST, max_conversations=3)

    wait_until(lambda: len(scripted(rig)) == 3)
    wait_until(rig.is_quiet)
    rows = rig.look("state")["scripted"]
    assert rows["played"] == 3


def test_the_next_line_waits_for_the_answer(rig: Rig) -> None:
    rig.order("scripted", **FAST, max_conversations=1)
    wait_until(lambda: rig.receiver.received)
    wait_until(rig.is_quiet)
    assert len(rig.receiver.texts()) == 1

    rig.send(rig.receiver.received[0].content["conversation_id"], "May I have the number?")

    wait_until(lambda: len(rig.receiver.texts()) == 3)
    assert rig.receiver.texts()[2] == "The order number is TH-2048163"


def test_a_customer_without_an_answer_leaves(rig: Rig) -> None:
    rig.order("scripted", **FAST, max_conversations=1, patience_seconds=0)

    wait_until(lambda: rig.receiver.received)
    wait_until(lambda: rig.look("state")["scripted"]["running"] == 0)
    assert rig.look("state")["messages_in"] == 1


def test_only_so_many_wait_for_a_person_at_a_time(rig: Rig) -> None:
    needy = {each.lines[0].texts[0] for each in script.load_all() if each.needs_person}

    rig.order("scripted", **FAST, max_conversations=len(script.load_all()), max_waiting=1, patience_seconds=0)

    wait_until(lambda: len(scripted(rig)) == len(script.load_all()))
    wait_until(rig.is_quiet)
    assert len(needy) > 1
    assert len([text for text in rig.receiver.texts() if text in needy]) == 1
