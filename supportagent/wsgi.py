"""The WSGI door: webhooks and REST in production."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "supportagent.settings")

application = get_wsgi_application()

from integrations import keys  # noqa: E402  (needs the apps to be loaded)

# From the first knock on, nobody's proof waits for the database.
keys.warm()
