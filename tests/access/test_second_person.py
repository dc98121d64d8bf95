"""Each cell of the matrix with a "2" is refused to one person alone where FOUR_EYES is on, and done by two."""

from collections.abc import Callable

import pytest
from pytest_django import Settings

from agent.exceptions import SecondPersonNeeded
from agent.knowledge.services import ArticleText
from agent.models import Release
from agent.releases import editing
from agent.releases import services as releases
from core.models import User
from core.policy import Action, Role
from privacy import services as privacy
from privacy.exceptions import NeedsAnotherPerson
from tests.access.matrix import LETTERS
from tests.factories import make_customer, make_user

pytestmark = pytest.mark.django_db
CELLS = [cell for cell, letter in LETTERS.items() if letter == "2"]
ARTICLE = ArticleText(slug="zq-returns", language="en", title="Returns", body="Send it back within 30 days.")


def publishes_prompts(one: User, other: User) -> None:
    """An article in a colleague's draft of a setting is enough to have changed it."""
    draft = releases.configure("bot.name", "Kim", make_user(role=Role.PROMPT_EDITOR))
    editing.write_article(ARTICLE, one)

    with pytest.raises(SecondPersonNeeded):
        releases.publish(draft, one)
    current = releases.publish(draft, other)

    assert releases.rollback(one) == current
    assert releases.rollback(one) == current
    assert releases.rollback(other).number > current.number


def publishes_articles(one: User, other: User) -> None:
    """Articles alone."""
    _, draft = editing.write_article(ARTICLE, one)

    with pytest.raises(SecondPersonNeeded):
        releases.publish(draft, one)
    assert releases.publish(draft, other).state == Release.State.PUBLISHED


def erases(one: User, other: User) -> None:
    """A person's data."""
    erasure = privacy.request_erasure(make_customer(), one)

    with pytest.raises(NeedsAnotherPerson):
        privacy.approve_erasure(erasure, one)
    assert privacy.due_erasures() == []
    privacy.approve_erasure(erasure, other)
    assert privacy.due_erasures() == [erasure.pk]


DEEDS: dict[Action, Callable[[User, User], None]] = {
    Action.PUBLISH_PROMPTS: publishes_prompts,
    Action.PUBLISH_KNOWLEDGE: publishes_articles,
    Action.ERASE_SUBJECT: erases,
}


@pytest.mark.parametrize(("action", "role"), CELLS)
def test_one_person_alone_is_not_enough(first_release: Release, settings: Settings, action: Action, role: Role) -> None:
    settings.FOUR_EYES = True

    DEEDS[action](make_user(role=role), make_user(role=role))


def test_every_such_cell_has_its_deed() -> None:
    assert {action for action, _ in CELLS} == set(DEEDS)
