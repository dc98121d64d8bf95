"""The addresses of this app."""

from django.urls import URLPattern, URLResolver, path

from analytics import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("dashboard/", views.dashboard, name="dashboard"),
    path("dashboard/tiles/", views.tiles, name="dashboard-tiles"),
    path("dashboard/rows/<slug:key>/", views.metric_rows, name="dashboard-rows"),
    path("dashboard/rows/<slug:key>/csv/", views.metric_file, name="dashboard-file"),
]
