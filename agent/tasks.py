"""Celery's door to the agent. Bells carry a primary key; the LangChain side is loaded only where a task runs."""

from celery import shared_task

from agent import services


@shared_task(ignore_result=True, expires=60)
def run_turn(conversation_id: int) -> None:
    """Answer a conversation, if an answer is due and nobody else works on it."""
    from agent import runtime

    services.answer(conversation_id, runtime.mind())


@shared_task(ignore_result=True)
def refit(release_id: int) -> None:
    """Fit a release's heads and keep them, ahead of its publication."""
    from agent import runtime

    runtime.refit(release_id)


@shared_task(ignore_result=True)
def warm_up() -> None:
    """Load the engine before the first customer waits for it."""
    from agent import runtime

    runtime.warm_up()
