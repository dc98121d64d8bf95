"""What counts as a second reply after a restore."""

from typing import Any

from drill.accounts import BUSINESS
from drill.faults.upkeep import second_replies

RESTORED_AT = 100


def rows(*said: tuple[int, str]) -> list[dict[str, Any]]:
    """The platform's log of one thread: a number and "customer", or the id of a reply of ours."""
    return [
        {
            "id": number,
            "kind": "customer" if who == "customer" else "accepted",
            "conversation_id": "thread",
            "account": BUSINESS,
            "message_id": who,
        }
        for number, who in said
    ]


def test_what_was_written_before_a_lost_reply_is_not_answered_again() -> None:
    log = rows((1, "customer"), (2, "customer"), (3, "lost"), (101, "again"))

    assert second_replies(log, RESTORED_AT, {}) == {"thread": 1}
    assert second_replies(log[:3], RESTORED_AT, {}) == {}


def test_a_reply_that_was_kept_answered_what_the_record_says_and_the_rest_is_owed() -> None:
    log = rows((1, "customer"), (2, "customer"), (3, "kept"), (101, "the second question's"))

    assert second_replies(log, RESTORED_AT, {"kept": 1}) == {}
    assert second_replies(log, RESTORED_AT, {"kept": 2}) == {"thread": 1}


def test_what_is_written_since_is_answered() -> None:
    log = rows((1, "customer"), (2, "lost"), (101, "customer"), (102, "its"))

    assert second_replies(log, RESTORED_AT, {}) == {}
