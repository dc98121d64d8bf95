"""After how long pages heard of what changed."""

import json

from bench.crowd import Told
from bench.hearing import Change, News, heard, news


def bell(page: int, at: float, **versions: int) -> Told:
    """What a page of staff is told."""
    listed = [{"id": name, "version": version} for name, version in versions.items()]
    return Told(page, at, json.dumps({"type": "changed", "conversations": listed}).encode())


def at(page: int, moment: float, number: int, name: str = "a") -> News:
    """Something that was heard."""
    return News(page=page, at=moment, name=name, number=number)


def test_staff_hear_of_conversations_by_their_ids_and_visitors_of_their_own() -> None:
    message = Told(1, 3.0, json.dumps({"type": "message", "message": {"seq": 4}}).encode())
    ready = Told(1, 2.0, b'{"type": "ready", "last_seq": 3}')

    found = news([bell(0, 1.0, a=2, b=5), ready, message], {1: "mine"})

    assert [(each.page, each.name, each.number) for each in found] == [(0, "a", 2), (0, "b", 5), (1, "mine", 4)]


def test_each_page_heard_of_a_change_when_it_was_first_told_of_a_new_state() -> None:
    told = [at(0, 1.0, 3), at(0, 10.25, 3), at(0, 10.5, 4), at(1, 11.0, 5), at(0, 12.0, 5), at(1, 10.2, 9, "b")]

    found = heard([Change(name="a", at=10.0)], told, due=2)

    assert sorted(found.each) == [0.5, 1.0]
    assert found.last == [1.0]
    assert found.missing == 0
    assert found.high(0.95) == 1000.0


def test_a_page_that_has_not_heard_is_missing() -> None:
    changes = [Change(name="a", at=10.0), Change(name="b", at=11.0)]

    found = heard(changes, [at(0, 10.5, 1), at(1, 10.5, 1), at(0, 11.25, 7, "b")], due=2)

    assert found.due == 4
    assert found.missing == 1
    assert found.last == [0.5, 0.25]


def test_where_nobody_heard_of_a_change_nobody_was_the_last() -> None:
    found = heard([Change(name="a", at=10.0)], [at(0, 9.0, 1)], due=1)

    assert found.missing == 1
    assert found.last == []
