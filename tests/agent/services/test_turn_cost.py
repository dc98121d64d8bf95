"""What a turn asks of the database: counted, so that it does not grow unseen."""

import pytest
from pytest_django import DjangoAssertNumQueries

from agent import services
from agent.models import AgentRun, Release
from agent.runtime import Runtime
from tests.conversations.talk import due_again, write, wrote

pytestmark = pytest.mark.django_db


def test_a_turn_takes_few_statements(
    mind: Runtime, release: Release, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    mind.prepare(release.pk)
    conversation = wrote("How long does delivery take?")

    # Four of them only because a test is a transaction already: the two savepoints.
    with django_assert_num_queries(17):
        services.answer(conversation.pk, mind)

    write("And to Switzerland?")
    due_again(conversation)
    with django_assert_num_queries(19):
        services.answer(conversation.pk, mind)
    assert AgentRun.objects.filter(state="replied").count() == 2


def test_where_nothing_is_due_one_statement_says_so(
    mind: Runtime, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    conversation = wrote("How long does delivery take?")
    services.answer(conversation.pk, mind)

    with django_assert_num_queries(3):
        assert services.answer(conversation.pk, mind) is None
