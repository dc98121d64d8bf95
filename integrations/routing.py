"""The addresses of this app's websockets."""

from django.urls import path

from integrations.webchat.consumers import VisitorConsumer

websocket_urlpatterns = [path("ws/chat/<str:key>/", VisitorConsumer.as_asgi())]
