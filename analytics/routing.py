"""The addresses of this app's websockets."""

from django.urls import URLPattern

websocket_urlpatterns: list[URLPattern] = []
