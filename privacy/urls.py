"""The addresses of this app."""

from django.urls import URLPattern, URLResolver, path

from privacy import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("exports/<uuid:public_id>/", views.exported_file, name="exported-file"),
]
