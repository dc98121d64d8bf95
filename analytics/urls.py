"""The addresses of this app."""

from django.urls import URLPattern, URLResolver, include, path, re_path

from analytics import views
from analytics.api import older
from analytics.api.figures import Figures
from core.routing import DoorRouter

router = DoorRouter()
router.register("figures", Figures, basename="api-figures")

urlpatterns: list[URLPattern | URLResolver] = [
    path("dashboard/", views.dashboard, name="dashboard"),
    path("dashboard/tiles/", views.tiles, name="dashboard-tiles"),
    path("dashboard/rows/<slug:key>/", views.metric_rows, name="dashboard-rows"),
    path("dashboard/rows/<slug:key>/csv/", views.metric_file, name="dashboard-file"),
    path("api/v1/", include(router.urls)),
    # The older project's clients.
    re_path(r"^analytics/metrics/?\Z", older.OlderMetrics.as_view(), name="older-metrics"),
    re_path(r"^analytics/conversations/?\Z", older.OlderInsights.as_view(), name="older-insights"),
    re_path(r"^analytics/escalations/?\Z", older.OlderEscalations.as_view(), name="older-escalations"),
    re_path(r"^analytics/ab_tests/?\Z", older.OlderTrials.as_view(), name="older-trials"),
]
