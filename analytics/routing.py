"""The addresses of this app's websockets."""

from django.urls import URLPattern, path

from analytics.consumers import DashboardConsumer

websocket_urlpatterns: list[URLPattern] = [path("ws/dashboard/", DashboardConsumer.as_asgi())]
