"""The ASGI door: pages and websockets."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "supportagent.settings")
pages = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402  (routes need the apps to be loaded)
from channels.sessions import CookieMiddleware  # noqa: E402

from analytics.routing import websocket_urlpatterns as analytics_routes  # noqa: E402
from integrations.routing import websocket_urlpatterns as integrations_routes  # noqa: E402
from supportagent.callers import SocketCaller  # noqa: E402
from supportagent.door import DoorHandler, Entrance  # noqa: E402
from supportagent.origins import NotFound, SameOrigin  # noqa: E402
from supportagent.second_factor import SecondFactorSocket  # noqa: E402
from supportagent.staff_sockets import SessionSocket  # noqa: E402
from workspace.routing import websocket_urlpatterns as workspace_routes  # noqa: E402

staff = [*workspace_routes, *analytics_routes]
visitors = [*integrations_routes]
# Visitors prove a token: whoever answers there judges them, and no cookie counts.
VISITORS = ("/ws/chat/",)

application = ProtocolTypeRouter(
    {
        "http": Entrance(door=DoorHandler(), pages=pages),
        "websocket": NotFound(
            SocketCaller(
                SameOrigin(
                    CookieMiddleware(
                        SessionSocket(
                            SecondFactorSocket(URLRouter([*staff, *visitors])),
                            judged_within=VISITORS,
                        )
                    ),
                    judged_within=VISITORS,
                )
            )
        ),
    }
)
