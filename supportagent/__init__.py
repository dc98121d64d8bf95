"""Wires the apps together and starts them. Nobody imports it."""

from supportagent.celery import app as celery_app

__all__ = ["celery_app"]
