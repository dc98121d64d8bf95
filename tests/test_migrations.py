"""An upgrade brings the tables up to date while the version before still answers: see "Upgrade" in docs/operations.md.

So a migration only adds, and what it adds to a table that is there asks nothing of who does not know it. One that does more says
in its docstring, after the words of SAFE, why that hurts nobody or what has to be stopped first.
"""

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.migration import Migration
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ModelState, ProjectState
from django.db.models import NOT_PROVIDED

from tests.test_house import APPS, ROOT

SAFE = "Beside the version before:"
TAKES_AWAY = (
    migrations.RemoveField, migrations.RenameField, migrations.DeleteModel, migrations.RenameModel, migrations.AlterModelTable,
    migrations.RunSQL,
)  # fmt: skip


def is_asked_for(field: "models.Field[Any, Any]") -> bool:
    """Whether who writes a row without this column is refused."""
    fills_itself = isinstance(field, models.ManyToManyField | models.GeneratedField)
    return not fills_itself and not field.null and field.db_default is NOT_PROVIDED


def hurts(operation: Operation, app: str, state: ProjectState) -> str:
    """What an operation does to code that does not know it, with the tables as they stood before it; "" for nothing."""
    if isinstance(operation, TAKES_AWAY):
        return operation.describe()
    if isinstance(operation, migrations.AddField) and is_asked_for(operation.field):
        return f"{operation.describe()}, which every row must have"
    if isinstance(operation, migrations.AlterField):
        before, after = state.models[app, operation.model_name_lower].fields[operation.name], operation.field
        if before.get_internal_type() != after.get_internal_type():
            return f"{operation.describe()} to another type"
        if (after.max_length or 0) < (before.max_length or 0):
            return f"{operation.describe()} to a shorter one"
        if is_asked_for(after) and not is_asked_for(before):
            return f"{operation.describe()}, which every row must have"
    return ""


def walk() -> Iterator[tuple[Migration, list[str]]]:
    """Each migration of ours but the first of its app, in the order they are run, with what it does to the version before."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    plan = list(dict.fromkeys(node for leaf in loader.graph.leaf_nodes() for node in loader.graph.forwards_plan(leaf)))
    state = ProjectState()
    for app, name in plan:
        migration = loader.graph.nodes[app, name]
        made: set[str] = set()
        found = []
        for operation in migration.operations:
            if isinstance(operation, migrations.CreateModel):
                made.add(operation.name_lower)
            # What came with this migration is known to nobody who runs.
            elif getattr(operation, "model_name_lower", "") not in made:
                found.append(hurts(operation, app, state))
            operation.state_forwards(app, state)
        if app in APPS and not migration.initial:
            yield migration, [each for each in found if each]


def test_migrations_only_add_or_say_what_has_to_be_stopped() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text()

    more = {migration: found for migration, found in walk() if found}

    assert {
        str(migration): found
        for migration, found in more.items()
        if SAFE not in (sys.modules[migration.__module__].__doc__ or "")
    } == {}
    assert [name for each in more if (name := f"{each.app_label}.{each.name[:4]}") not in changelog] == [], (
        "Whoever upgrades reads of it in the changelog."
    )


BEFORE: "dict[str, models.Field[Any, Any]]" = {
    "id": models.BigAutoField(primary_key=True),
    "name": models.CharField(max_length=20),
    "note": models.TextField(null=True),
    "old": models.CharField(max_length=20, db_default=""),
}
WORSE: list[Operation] = [
    migrations.RemoveField("parcel", "name"),
    migrations.RenameField("parcel", "name", "label"),
    migrations.DeleteModel("parcel"),
    migrations.RenameModel("parcel", "packet"),
    migrations.AddField("parcel", "weight", models.IntegerField(default=0)),
    migrations.AlterField("parcel", "name", models.CharField(max_length=19)),
    migrations.AlterField("parcel", "name", models.BooleanField()),
    migrations.AlterField("parcel", "note", models.TextField(default="")),
    migrations.AlterField("parcel", "old", models.CharField(max_length=20, default="")),
]
HARMLESS: list[Operation] = [
    migrations.AddField("parcel", "weight", models.IntegerField(db_default=0)),
    migrations.AddField("parcel", "weight", models.IntegerField(null=True)),
    migrations.AddField("parcel", "parts", models.ManyToManyField("shop.parcel")),
    migrations.AlterField("parcel", "name", models.CharField(max_length=21)),
    migrations.AlterField("parcel", "name", models.CharField(max_length=20, null=True)),
    migrations.AlterField("parcel", "note", models.TextField(db_default="")),
]


@pytest.mark.parametrize(
    ("operations", "is_worse"), [(WORSE, True), (HARMLESS, False)], ids=["what hurts", "what only adds"]
)
def test_what_hurts_is_told_from_what_only_adds(operations: list[Operation], is_worse: bool) -> None:
    state = ProjectState()
    state.add_model(ModelState("shop", "Parcel", list(BEFORE.items())))

    wrong = [each.describe() for each in operations if bool(hurts(each, "shop", state)) != is_worse]

    assert wrong == []
