"""Celery's door: what beat rings for."""

from celery import shared_task

from privacy import services


@shared_task(ignore_result=True, expires=600)
def let_go_of_old_rows() -> None:
    """Let go of what is older than it may be."""
    services.apply_retention()
