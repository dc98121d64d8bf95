"""What the drill makes of the other channels and of those who stand by: lost, doubled, shown wrongly, answered late."""

import random
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from drill import channels
from drill.accounts import FORUM, PAGE, REPLY, SHOP, Accounts, arrived_as, event_key, said_to
from drill.faults.acks import Ack, acks
from drill.faults.base import Stage
from drill.faults.bystanders import Bystanders
from drill.faults.shed import GIVEN_AWAY, judge_shed
from drill.rig import Rig
from drill.visitors import Acked, Visitor, Visitors

CHAT_ROW = ("visitor", 1, "aa-1", "customer", "visitor:m1")
PAGE_ROW = {"id": "aa1", "seq": 1}


@dataclass
class Chat:
    """A web chat of which everything is known."""

    acked: list[Acked] = field(default_factory=list)
    shows: list[dict[str, Any]] = field(default_factory=list)

    @property
    def pages(self) -> list[Visitor]:
        return [Visitor(token="t", thread="visitor")]

    def shown(self, _page: Visitor) -> list[dict[str, Any]]:
        return self.shows


@dataclass
class There:
    """A product and its platforms, as far as the judge asks."""

    kept: list[str] = field(default_factory=list)
    chat: list[tuple[Any, ...]] = field(default_factory=list)
    logged: list[dict[str, Any]] = field(default_factory=list)
    visitors: Chat = field(default_factory=Chat)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        if sql == channels.IN_CHAT:
            return self.chat
        return [(each,) for each in self.kept] if "platform_message_id FROM conversations_message" in sql else []

    def log(self, kind: str) -> list[dict[str, Any]]:
        return [row for row in self.logged if row["kind"] == kind]


def found(there: There) -> dict[int, list[tuple[Any, ...]]]:
    """What is broken, without what is not."""
    return {number: rows for number, rows in channels.broken(cast("Rig", there)).items() if rows}


def batch(*names: str) -> dict[str, Any]:
    """LinkedIn's webhook about some comments, as it was acked."""
    return {"kind": "webhook", "name": "COMMENT", "status": 200, "account": PAGE, "message_id": " ".join(names)}


def test_each_comment_of_a_batch_that_was_acked_has_to_be_there() -> None:
    assert found(There(kept=["c1", "c2"], logged=[batch("c1", "c2")])) == {}
    assert found(There(kept=["c1"], logged=[batch("c1", "c2")])) == {1: [("commented and acked, not kept", "c2")]}


def test_only_authentic_deliveries_under_way_in_a_stretch_count_for_how_the_door_answered() -> None:
    delivered = {"kind": "webhook", "name": "im_receive_msg", "status": 200, "at": 20.0}
    detail = {"ms": 500, "variant": "honest"}
    there = There(
        logged=[
            delivered | {"at": 9.0, "detail": detail},
            delivered | {"detail": detail},
            delivered | {"status": None, "detail": detail | {"variant": "duplicate"}},
            delivered | {"status": 401, "detail": detail | {"variant": "forged"}},
            {"kind": "webhook", "name": "challenge", "status": 503, "at": 20.0, "detail": {"good": False, "ms": 3}},
            delivered | {"at": 31.0, "detail": detail},
        ]
    )

    found = acks(cast("Rig", there), 10.0, 30.0)

    assert found == [Ack(status=status, began=19.5, took=0.5) for status in (200, 0)]


def test_a_reply_that_is_posted_again_is_doubled_where_no_key_is_known() -> None:
    again = {"kind": "call", "name": REPLY, "status": 200, "message_id": "k1"}

    assert found(There(logged=[again | {"account": SHOP}])) == {}
    assert list(found(There(logged=[again | {"account": FORUM}]))) == [3]


def test_a_chat_message_that_was_acked_is_kept_and_shown_once() -> None:
    acked = [Acked(thread="visitor", id="m1", text="Hello", at=1.0)]

    assert found(There(chat=[CHAT_ROW], visitors=Chat(acked, [PAGE_ROW]))) == {}
    assert list(found(There(visitors=Chat(acked, [])))) == [1]
    assert list(found(There(chat=[CHAT_ROW], visitors=Chat(acked, [])))) == [1]
    assert list(found(There(chat=[CHAT_ROW], visitors=Chat(acked, [PAGE_ROW, PAGE_ROW])))) == [3]


def test_chat_messages_have_the_order_in_which_they_were_acked() -> None:
    rows = [("visitor", 1, "aa-2", "customer", "visitor:m2"), ("visitor", 2, "aa-1", "customer", "visitor:m1")]
    acked = [Acked(thread="visitor", id=name, text=name, at=1.0) for name in ("m1", "m2")]
    shown = [{"id": "aa2", "seq": 1}, {"id": "aa1", "seq": 2}]

    assert list(found(There(chat=rows, visitors=Chat(acked, shown)))) == [6]
    assert list(found(There(chat=rows, visitors=Chat([], shown[::-1])))) == [5]


def test_each_platform_has_its_own_names_of_messages() -> None:
    posted = {"name": "message.created", "account": SHOP, "message_id": "m-1", "detail": {"id": "ours"}}
    said = {"name": "im_receive_msg", "account": "drill-business", "message_id": "m-1", "detail": {}}

    assert [event_key(row) for row in (posted, said, batch("c1"))] == ["id:m-1", "msg:m-1", ""]
    assert [arrived_as(row) for row in (posted, said)] == ["ours", "m-1"]
    assert said_to(batch("c1", "c2")) == ["c1", "c2"]
    assert said_to({"name": "im_send_msg", "message_id": "m-2"}) == []


def test_a_partner_posts_only_where_the_product_has_an_address_for_it() -> None:
    accounts = Accounts(sim_url="http://sim", url="http://product")
    assert all("webhook_url" not in each for each in accounts.partners())

    accounts.doors[SHOP] = "abc"

    (shop, forum) = accounts.partners()
    assert shop["webhook_url"] == "http://product/webhooks/events/abc"
    assert "webhook_url" not in forum


@dataclass
class Platforms:
    """The simulator's log of what was taken."""

    accepted: list[dict[str, Any]]

    def log(self, _kind: str) -> list[dict[str, Any]]:
        return self.accepted


def judged(*waits: float | None, struck: int = 5, most: float = 2.0) -> list[str]:
    """What is wrong with bystanders who waited so long; the fault struck before the one with number ``struck``."""
    answers = [
        {"conversation_id": f"t{number}", "at": number + wait} for number, wait in enumerate(waits) if wait is not None
    ]
    stage = Stage(rig=cast("Rig", Platforms(answers)), dice=random.Random(1), ends_at=0.0, is_exact=True)
    bystanders = Bystanders(stage=stage)
    bystanders.asked = {f"t{number}": float(number) for number in range(len(waits))}
    bystanders._struck, bystanders._over = float(struck), float(len(waits))
    bystanders._judge(most)
    return stage.problems


def test_others_may_wait_so_many_times_as_long_as_before() -> None:
    assert judged(*[1.0] * 5, *[1.9] * 5) == []
    assert judged(*[1.0] * 5, *[1.0] * 4, 2.5) == [
        "The others' p95 was 2.5 times as long under the fault (allowed: 2)."
    ]


def test_a_bystander_without_an_answer_and_too_few_answers_are_problems() -> None:
    assert judged(*[1.0] * 10, None) == ["1 bystanders had no answer of the bot's."]
    assert judged(*[1.0] * 8) == ["Too little was answered to compare."]


@pytest.mark.parametrize(("shown", "problems"), [(3.0, 0), (2.0, 1)])
def test_what_was_given_away_has_to_be_in_the_metrics(
    shown: float, problems: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, question = next(iter(GIVEN_AWAY.items()))

    class Rows:
        def query(self, sql: str) -> list[tuple[int]]:
            return [(3 if sql == question else 0,)]

    stage = Stage(rig=cast("Rig", Rows()), dice=random.Random(1), ends_at=0.0)
    monkeypatch.setattr(Stage, "metrics", lambda _: {name: shown})

    judge_shed(stage)

    assert len(stage.problems) == problems


def test_a_visitor_who_leaves_takes_what_was_not_sent_along() -> None:
    visitors = Visitors(chat="http://127.0.0.1:9/chat/none")
    visitors.say("somebody", "Hello")
    assert visitors.waiting == 1

    visitors.leave()

    assert (visitors.waiting, visitors.acked) == (0, [])
