"""Celery's door: bells that carry a primary key. Nothing is lost with one; the sweeper finds what is due."""

from celery import shared_task

from integrations import services


@shared_task(ignore_result=True, expires=60)
def ingest_event(event_pk: int) -> None:
    """Take in a kept event, and whatever waits in the same thread."""
    services.ingest_event(event_pk)


@shared_task(ignore_result=True, expires=60)
def send_next(conversation_pk: int) -> None:
    """Send what a conversation has to send."""
    services.send_next(conversation_pk)


@shared_task(ignore_result=True, expires=10)
def send_typing(conversation_pk: int) -> None:
    """Show the customer that an answer is being written."""
    services.send_typing(conversation_pk)
