"""The least that a Django view can do for a durable ack, to compare the door with: one row in, committed, answered.

Run by a WSGI server; BENCH_DATABASE names the database's parts as name, port.
"""

import os
import uuid

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path

name, port = os.environ.get("BENCH_DATABASE", "bench,5432").split(",")
settings.configure(
    SECRET_KEY=uuid.uuid4().hex,
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": name,
            "USER": "postgres",
            "HOST": "127.0.0.1",
            "PORT": port,
            "CONN_MAX_AGE": None,
        }
    },
)
django.setup()


def take(request: HttpRequest) -> HttpResponse:
    """Keep the body."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO bench_inbox (key, body) VALUES (%s, %s)", [uuid.uuid4().hex, request.body])
    answer = b'{"status": "accepted"}'
    return HttpResponse(answer, content_type="application/json", headers={"Content-Length": str(len(answer))})


urlpatterns = [path("webhooks/tiktok", take)]
application = get_wsgi_application()
