"""The rows behind a figure as a file, for people and for programs; each is in the audit trail."""

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from analytics import rows
from analytics.metrics import Metric
from analytics.scope import Scope
from core.models import ApiKey, User
from core.rates import record_export
from core.sheets import as_csv

LONGEST_FILE = 50_000


class TooManyRows(Exception):
    """A file would be longer than LONGEST_FILE; it is refused, so that none is silently cut. The message is for people."""


def file_of(metric: Metric, scope: Scope, *, part: str, by: User | ApiKey) -> HttpResponse:
    """The rows as CSV. Raises PartUnknown, TooManyRows, TooManyExports."""
    number = metric.rows(scope, part).count()
    if number > LONGEST_FILE:
        raise TooManyRows(_("A file holds %(most)d rows at most: narrow the filters.") % {"most": LONGEST_FILE})
    asked = {"metric": metric.key, "filters": scope.filters.query(part=part), "rows": number}
    record_export(by, "analytics.exported", by, after=asked)
    response = HttpResponse(as_csv(rows.records(metric, scope, part=part)), content_type="text/csv; charset=utf-8")
    stamp = timezone.localtime(scope.now).strftime("%Y-%m-%d-%H%M")
    response["Content-Disposition"] = f'attachment; filename="{metric.key}-{stamp}.csv"'
    return response
