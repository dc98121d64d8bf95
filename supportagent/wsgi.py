"""The WSGI door: webhooks and REST in production."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "supportagent.settings")

pages = get_wsgi_application()

from integrations import keys  # noqa: E402  (needs the apps to be loaded)
from supportagent.quick_door import QuickDoor  # noqa: E402

application = QuickDoor(pages)

# From the first knock on, nobody's proof waits for the database.
keys.warm()
