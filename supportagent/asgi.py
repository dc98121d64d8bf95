"""The ASGI door: pages and websockets."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "supportagent.settings")
http = get_asgi_application()

from channels.auth import AuthMiddlewareStack  # noqa: E402  (routes need the apps to be loaded)
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402

from analytics.routing import websocket_urlpatterns as analytics_routes  # noqa: E402
from integrations.routing import websocket_urlpatterns as integrations_routes  # noqa: E402
from supportagent.origins import NotFound, SameOrigin  # noqa: E402
from supportagent.second_factor import SecondFactorSocket  # noqa: E402
from supportagent.sessions import SessionSocket  # noqa: E402
from workspace.routing import websocket_urlpatterns as workspace_routes  # noqa: E402

staff = [*workspace_routes, *analytics_routes]
visitors = [*integrations_routes]

application = ProtocolTypeRouter(
    {
        "http": http,
        "websocket": NotFound(
            SameOrigin(
                AuthMiddlewareStack(SessionSocket(SecondFactorSocket(URLRouter([*staff, *visitors])))),
                judged_within=("/ws/chat/",),
            )
        ),
    }
)
