"""The Celery application. Tasks are bells: they carry a primary key, and losing one costs time, never a message."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "supportagent.settings")

app = Celery("supportagent")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
