"""Sharing: a crowd of one owner's leaves every other place to others, and an ordinary list stays as it is."""

from collections.abc import Callable

import pytest

from conversations import services
from core.sharing import shared
from tests.factories import make_channel, make_conversation, make_message


def named(found: list[str], limit: int, others: str = "") -> list[str]:
    """The list as it is shared; the first letter is the owner."""
    elsewhere: Callable[[str], list[str]] = lambda _: others.split()  # noqa: E731
    return shared(found, limit, owner=lambda each: each[0], elsewhere=elsewhere)


def test_a_list_that_is_not_full_or_belongs_to_several_stays_as_it_is() -> None:
    assert named(["a1", "a2", "a3"], 4, "b1") == ["a1", "a2", "a3"]
    assert named(["a1", "b1", "a2", "c1"], 4, "b9") == ["a1", "b1", "a2", "c1"]
    assert named(["a1"], 1, "b1") == ["a1"]


def test_in_a_crowd_every_other_place_is_for_the_others() -> None:
    assert named(["a1", "a2", "a3", "b1"], 4, "b1 c1 b2") == ["b1", "a1", "c1", "a2"]


def test_a_crowd_that_is_alone_loses_nothing() -> None:
    assert named(["a1", "a2", "a3", "a4"], 4) == ["a1", "a2", "a3", "a4"]


@pytest.mark.django_db
def test_one_accounts_crowd_does_not_keep_another_accounts_customer_waiting() -> None:
    crowded, quiet = make_channel(), make_channel()
    crowd = [make_conversation(channel=crowded) for _ in range(6)]
    for conversation in crowd:
        make_message(conversation)
    other = make_conversation(channel=quiet)
    make_message(other)

    assert services.due_turns(4) == [other.pk, *(conversation.pk for conversation in crowd[:3])]
