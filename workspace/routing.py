"""The addresses of this app's websockets."""

from django.urls import URLPattern, path

from workspace.consumers import WorkspaceConsumer

websocket_urlpatterns: list[URLPattern] = [path("ws/workspace/", WorkspaceConsumer.as_asgi())]
