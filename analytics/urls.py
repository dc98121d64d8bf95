"""The addresses of this app."""

from django.urls import URLPattern, URLResolver, path, re_path

from analytics import api, views

urlpatterns: list[URLPattern | URLResolver] = [
    path("dashboard/", views.dashboard, name="dashboard"),
    path("dashboard/tiles/", views.tiles, name="dashboard-tiles"),
    path("dashboard/rows/<slug:key>/", views.metric_rows, name="dashboard-rows"),
    path("dashboard/rows/<slug:key>/csv/", views.metric_file, name="dashboard-file"),
    # The older project's clients.
    re_path(r"^analytics/metrics/?\Z", api.OlderMetrics.as_view(), name="older-metrics"),
    re_path(r"^analytics/conversations/?\Z", api.OlderInsights.as_view(), name="older-insights"),
    re_path(r"^analytics/escalations/?\Z", api.OlderEscalations.as_view(), name="older-escalations"),
    re_path(r"^analytics/ab_tests/?\Z", api.OlderTrials.as_view(), name="older-trials"),
]
