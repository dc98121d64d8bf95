"""The addresses of the agent."""

from django.urls import URLPattern, URLResolver, include, path

from agent.api import Articles, Runs
from core.routing import DoorRouter

router = DoorRouter()
router.register("runs", Runs, basename="api-runs")
router.register("articles", Articles, basename="api-articles")

urlpatterns: list[URLPattern | URLResolver] = [path("api/v1/", include(router.urls))]
