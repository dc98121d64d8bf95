"""Celery's door to the agent. Bells carry a primary key; the LangChain side is loaded only where a task runs."""

from functools import partial

from celery import shared_task
from django.db import transaction

from agent import services
from agent.models import Replay
from agent.services import gaps, learning, looking_back, reading, reviewing, searching
from core import bells


@shared_task(ignore_result=True, expires=60)
def run_turn(conversation_id: int) -> None:
    """Answer a conversation, if an answer is due and nobody else works on it."""
    from agent import runtime

    services.answer(conversation_id, runtime.mind())


def run_suspected_turn(conversation_id: int) -> None:
    """The same for a turn that was cut off twice. No bell rings for those: whoever finds them works on one at a time."""
    from agent import runtime

    services.answer(conversation_id, runtime.mind(), suspected_too=True)


@shared_task(ignore_result=True, expires=60)
def read_attachment(attachment_id: int) -> None:
    """Write down a voice note or describe a picture, if that is due and nobody else is at it."""
    from agent import runtime

    reading.read_attachment(attachment_id, runtime.mind().senses)


@shared_task(ignore_result=True, expires=60)
def search_knowledge(search_id: int) -> None:
    """Answer what a member of staff looks for in the articles."""
    from agent import runtime

    searching.work_search(search_id, runtime.mind())


@shared_task(ignore_result=True)
def read_runs(_: int = 0) -> None:
    """Find what customers asked and no article answers, and count what was quoted."""
    from agent import runtime

    gaps.read_runs(runtime.mind())


@shared_task(ignore_result=True)
def review_knowledge(_: int = 0) -> None:
    """Look the published articles over for duplicates and contradictions."""
    from agent import runtime

    reviewing.review(runtime.mind())


@shared_task(ignore_result=True)
def refit(release_id: int) -> None:
    """Fit a release's heads from its examples, if that is due, while turns go on."""
    from agent import runtime

    learning.work_fitting(release_id, runtime.mind())


@shared_task(ignore_result=True)
def warm_up() -> None:
    """Load the engine before the first customer waits for it."""
    from agent import runtime

    runtime.warm_up()


@shared_task(ignore_result=True, expires=120)
def think_again(replay_id: int) -> None:
    """Replay a run, or find out what would have come of it with one thing changed."""
    from agent import revisiting, runtime

    looking_back.perform(replay_id, revisiting.Recollection(runtime=runtime.mind()))


def begin(replay: Replay) -> None:
    """Ring for a replay once its row is there."""
    transaction.on_commit(partial(bells.ring, think_again, replay.pk))
