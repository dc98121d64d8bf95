"""The WSGI door: webhooks and REST in production."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "supportagent.settings")

application = get_wsgi_application()
