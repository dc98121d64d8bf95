"""The OpenAPI document and its page. Both are open: they say how to ask, and hold nothing that is asked for."""

import functools

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny


@functools.cache
def _written() -> bytes:
    """The document, worked out once in a process: the doors do not change while it lives."""
    schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return OpenApiJsonRenderer().render(schema, renderer_context={})


@require_safe
def document(_: HttpRequest) -> HttpResponse:
    """OpenAPI 3 as JSON."""
    return HttpResponse(_written(), content_type="application/vnd.oai.openapi+json; charset=utf-8")


class Page(SpectacularSwaggerSplitView):
    """Swagger UI from our own files; its script is a file of its own, as the content policy wants it."""

    url_name = "api-schema"
    permission_classes = [AllowAny]
    authentication_classes = []
    versioning_class = None
