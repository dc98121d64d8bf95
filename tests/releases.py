"""The release that a fresh product comes with, without loading its seeds again for each test."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, models, transaction
from django.db.models.sql import InsertQuery

from agent.models import Release
from agent.releases.first import ensure_first_release

ROWS_AT_ONCE = 500


Statement = tuple[str, Sequence[Any]]


@pytest.fixture(scope="session")
def _statements_of_the_first_release() -> list[Statement]:
    """Filled by the first test that asks for the release."""
    return []


@pytest.fixture
def first_release(db: None, _statements_of_the_first_release: list[Statement]) -> Release:
    """Release 1, published, as `manage.py setup` makes it; the same primary keys in every test of a session."""
    if _statements_of_the_first_release:
        put_back(_statements_of_the_first_release)
        return Release.objects.current().get()
    release = ensure_first_release()
    _statements_of_the_first_release.extend(statements_for(rows_of_the_agent()))
    return release


def rows_of_the_agent() -> Iterable[models.Model]:
    """Every row of the app, with those that join two models."""
    for model in apps.get_app_config("agent").get_models(include_auto_created=True):
        yield from model._default_manager.all()


def statements_for(rows: Iterable[models.Model]) -> Iterator[Statement]:
    """What writes rows as they are, in their order: most of the work of writing them is making the statements."""
    model: type[models.Model]
    for model, its_rows in groupby(rows, key=type):
        fields, waiting = model._meta.concrete_fields, list(its_rows)
        most = max(1, min(ROWS_AT_ONCE, connection.ops.bulk_batch_size(fields, waiting)))
        for start in range(0, len(waiting), most):
            query = InsertQuery(model)
            query.insert_values(fields, waiting[start : start + most], raw=True)
            yield from query.get_compiler(connection=connection).as_sql()


@transaction.atomic
def put_back(statements: Iterable[Statement]) -> None:
    """Write the rows again; foreign keys are judged at commit."""
    with connection.cursor() as cursor:
        for sql, values in statements:
            cursor.execute(sql, values)
