"""A turn that failed is given back even where the database is away just then."""

from unittest.mock import patch

import pytest
from pytest_django import Settings

from agent import services
from agent.graph.brief import Brief, Thought
from agent.models import AgentRun, Release
from tests.conversations.talk import fresh, wrote

pytestmark = pytest.mark.django_db


class Broken:
    """A mind that cannot think."""

    def think(self, brief: Brief, **_: object) -> Thought:
        raise RuntimeError("out of order")


def test_it_is_given_back_again_and_again_for_as_long_as_its_lease_could_run(
    release: Release, settings: Settings
) -> None:
    conversation = wrote("How long does delivery take?")

    with patch("agent.services.turns.persistently", side_effect=lambda work, **_: work()) as told:
        assert services.answer(conversation.pk, Broken()) is None

    assert told.call_args.kwargs == {"seconds": settings.TURN_LEASE_SECONDS}
    assert AgentRun.objects.get().state == AgentRun.State.FAILED
    assert fresh(conversation).lease_owner == ""
