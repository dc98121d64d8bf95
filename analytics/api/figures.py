"""The dashboard's figures for programs: all of them at once, and the rows behind one as a file."""

from typing import Any

from django.http import Http404, HttpResponse
from django.utils import timezone
from drf_spectacular.helpers import forced_singular_serializer
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from analytics import metrics
from analytics.files import TooManyRows, file_of
from analytics.filters import Filters, Period
from analytics.metrics import METRICS, Metric, PartUnknown
from analytics.scope import Kind, Scope
from conversations.api.files import CsvFile
from core.doors import Door
from core.models import ApiKey
from core.policy import Action, allows
from core.text import clean_text
from integrations.models import PlatformAccount

KEY_PATTERN = "[a-z-]{1,40}"


class FigureFilters(serializers.Serializer[Any]):
    """Which conversations count, and since when: today, the last 24 hours (`24h`) or 7 days (`7d`)."""

    platform = serializers.ChoiceField(PlatformAccount.Platform.choices, required=False)
    account = serializers.UUIDField(required=False)
    team = serializers.UUIDField(required=False)
    period = serializers.ChoiceField(Period.choices, required=False)


class FigureRow(serializers.Serializer[Any]):
    """One figure; `of_period` says whether it counts what happened in the period, or what stands now."""

    key = serializers.CharField()
    name = serializers.CharField()
    number = serializers.IntegerField()
    of_period = serializers.BooleanField()
    export = serializers.CharField(help_text="Where the rows that it counts are, as CSV.")


class FigureSheet(serializers.Serializer[Any]):
    """The figures of one instant."""

    at = serializers.DateTimeField()
    since = serializers.DateTimeField(help_text="When the period began.")
    results = FigureRow(many=True)


class Figures(Door):
    """The dashboard's figures."""

    lookup_field = "key"
    lookup_value_regex = KEY_PATTERN
    filters = FigureFilters
    serializer_class = FigureSheet
    pagination_class = None  # type: ignore[assignment]
    needs = {"list": Action.VIEW_ANALYTICS, "export": Action.EXPORT_ANALYTICS}

    @extend_schema(parameters=[FigureFilters], responses=forced_singular_serializer(FigureSheet))  # type: ignore[no-untyped-call]
    def list(self, request: Request) -> Response:
        """Every figure that the caller may see, for everything that it may count.

        A key that is bound to a team counts what is its team's; what platforms sent is of no team, and 0 for it.
        """
        scope = self._scope(self.wanted(frozenset()))
        numbers: dict[str, int] = {}
        for kind in Kind:
            numbers |= metrics.counts(kind, scope)
        told = [
            {
                "key": metric.key,
                "name": str(metric.label),
                "number": numbers[metric.key],
                "of_period": metric.of_period,
                "export": reverse("api-figures-export", [metric.key], request=request),
            }
            for metric in METRICS.values()
            if self._may_see(metric)
        ]
        return Response(FigureSheet({"at": scope.now, "since": scope.since, "results": told}).data)

    @extend_schema(
        parameters=[
            FigureFilters,
            OpenApiParameter("key", str, OpenApiParameter.PATH, enum=sorted(METRICS)),
            OpenApiParameter(
                "part", str, description="Only one reason, intent or minute, where a figure has such parts."
            ),
        ],
        responses={(200, CsvFile.media_type): OpenApiTypes.STR},
    )
    @action(detail=True, renderer_classes=[CsvFile])
    def export(self, request: Request, key: str) -> HttpResponse:
        """The rows that a figure counts, as CSV: ids and facts, no names and no words.

        Each file is noted in the audit trail, and there are a few in an hour for a key or a person (`EXPORTS_PER_HOUR`):
        after them 429, with `Retry-After`. What has more than 50,000 rows is refused; narrow the filters.
        """
        scope = self._scope(self.wanted(frozenset({"part"})))
        metric = METRICS.get(key)
        if metric is None or not self._may_see(metric):
            raise Http404
        part = clean_text(request.query_params.get("part", ""), limit=100)
        try:
            return file_of(metric, scope, part=part, by=self.who)
        except PartUnknown as error:
            raise ValidationError({"part": "This figure has no such part."}) from error
        except TooManyRows as error:
            raise ValidationError({"period": str(error)}) from error

    def _scope(self, wanted: dict[str, Any]) -> Scope:
        has_board = allows(self.who, Action.VIEW_DASHBOARD)
        return Scope(
            who=self.who,
            filters=Filters(
                platform=wanted.get("platform", ""),
                account=wanted.get("account"),
                team=wanted.get("team"),
                period=Period(wanted.get("period", Period.TODAY)),
            ),
            now=timezone.now(),
            action=Action.VIEW_DASHBOARD if has_board else Action.VIEW_ANALYTICS,
        )

    def _may_see(self, metric: Metric) -> bool:
        """People see what their dashboard shows them; a key's scope is for all figures."""
        return isinstance(self.who, ApiKey) or allows(self.who, metric.action)
