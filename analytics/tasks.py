"""Celery's door: what beat rings for."""

from celery import shared_task
from django.utils import timezone

from analytics import services


@shared_task(ignore_result=True, expires=60)
def build_facts() -> None:
    """Build the facts of episodes that moved."""
    services.build_episode_facts()


@shared_task(ignore_result=True, expires=600)
def roll_up() -> None:
    """Roll the figures up by the hour."""
    services.roll_up_due(timezone.now())
