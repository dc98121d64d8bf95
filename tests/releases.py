"""The release that a fresh product comes with, without loading its seeds again for each test."""

from collections.abc import Iterable

import pytest
from django.apps import apps
from django.db import models, transaction

from agent.models import Release
from agent.releases.first import ensure_first_release

ROWS_AT_ONCE = 500


@pytest.fixture(scope="session")
def _rows_of_the_first_release() -> list[models.Model]:
    """Filled by the first test that asks for the release."""
    return []


@pytest.fixture
def first_release(db: None, _rows_of_the_first_release: list[models.Model]) -> Release:
    """Release 1, published, as `manage.py setup` makes it; the same primary keys in every test of a session."""
    if _rows_of_the_first_release:
        put_back(_rows_of_the_first_release)
        return Release.objects.current().get()
    release = ensure_first_release()
    _rows_of_the_first_release.extend(rows_of_the_agent())
    return release


def rows_of_the_agent() -> Iterable[models.Model]:
    """Every row of the app, with those that join two models."""
    for model in apps.get_app_config("agent").get_models(include_auto_created=True):
        yield from model._default_manager.all()


@transaction.atomic
def put_back(rows: list[models.Model]) -> None:
    """Write rows as they were, in the order in which they were taken; foreign keys are judged at commit."""
    by_model: dict[type[models.Model], list[models.Model]] = {}
    for row in rows:
        by_model.setdefault(type(row), []).append(row)
    for model, its_rows in by_model.items():
        model._default_manager.bulk_create(its_rows, batch_size=ROWS_AT_ONCE)
