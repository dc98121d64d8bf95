"""What a bench makes of what it measured."""

import argparse
import os
from collections.abc import Callable

import httpx2
import pytest

from bench.__main__ import COUNTS, sizes_of
from bench.figures import Figure, Figures, without
from bench.growth import growth
from bench.lists import in_turns
from bench.messages import Burst
from bench.replies import Replies
from bench.sizes import QUICK, Sizes


def missed() -> Figure:
    """One whose limit is not met."""
    return Figure(name="door: p99", value=200.0, unit="ms", must=90.0, aim=15.0, less_is_better=True)


def test_a_limit_that_is_not_met_is_told() -> None:
    figures = Figures()

    figures.tell(missed())

    assert not figures.holds
    assert "| door: p99 | 200 ms | 90 | 15 | MISSED |" in figures.markdown()


def test_no_limit_is_held_against_what_does_not_count() -> None:
    figures = Figures(counts=False)

    figures.tell(missed())

    assert figures.holds
    assert "| door: p99 | 200 ms |  |  |  |" in figures.markdown()


def test_what_is_no_part_of_the_product_is_taken_off_by_its_share_of_all_processors() -> None:
    processors = len(os.sched_getaffinity(0))

    assert without(10.0, 0.0) == 10.0
    assert without(10.0, 3.0 * processors) == 7.0


def test_messages_a_second_are_told_by_the_clock_and_without_simulator_and_bench() -> None:
    processors = len(os.sched_getaffinity(0))
    used = {"ingest": 1.0, "worker": 4.0}
    burst = Burst(messages=100, took=10.0, used=used, simulator=1.5 * processors, bench=0.5 * processors)

    assert burst.by_the_clock == 10.0
    assert burst.rate == 12.5
    assert burst.cost() == 50.0
    assert burst.cost("worker") == 40.0


def test_growth_is_told_for_a_thousand_messages() -> None:
    assert growth([100.0, 110.0, 111.0], messages=500) == [20.0, 2.0]


def test_looks_take_turns() -> None:
    order: list[str] = []

    def look(name: str) -> Callable[[], httpx2.Response]:
        def act() -> httpx2.Response:
            order.append(name)
            return httpx2.Response(200, request=httpx2.Request("GET", "http://127.0.0.1/"))

        return act

    took = in_turns({"a": look("a"), "b": look("b")}, rounds=3, times=2)

    assert "".join(order) == "aabbaabbaabb"
    assert [len(each) for each in took["a"]] == [2, 2, 2]


def test_replies_are_asked_for_from_where_the_last_look_ended() -> None:
    rows = [{"id": number} for number in (3, 7, 9)]
    asked: list[int] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        after = int(request.url.params["after"])
        asked.append(after)
        return httpx2.Response(200, json={"rows": [row for row in rows if row["id"] > after][:2]})

    with httpx2.Client(transport=httpx2.MockTransport(answer), base_url="http://127.0.0.1") as client:
        replies = Replies(client)
        first = replies.count
        rows.append({"id": 12})
        second = replies.count

    assert (first, second) == (3, 4)
    assert asked == [0, 7, 9, 9, 12]


@pytest.mark.parametrize(("is_quick", "sizes"), [(False, Sizes()), (True, QUICK)])
def test_what_is_given_stands_above_the_sizes(is_quick: bool, sizes: Sizes) -> None:
    nothing = dict.fromkeys(COUNTS)

    asked = sizes_of(argparse.Namespace(quick=is_quick, **nothing))
    with_rounds = sizes_of(argparse.Namespace(quick=is_quick, **nothing | {"rounds": 7}))

    assert asked == sizes
    assert with_rounds.rounds == 7
    assert with_rounds.kept == sizes.kept
