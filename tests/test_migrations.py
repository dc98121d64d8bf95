"""An upgrade brings the tables up to date while the version before still answers: see "Upgrade" in docs/operations.md.

So a migration only adds, and what it adds to a table that is there asks nothing of who does not know it. One that does more says
in its docstring, after the words of SAFE, why that hurts nobody or what has to be stopped first.
"""

import operator
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
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
LOOKUPS: dict[str, Callable[[Any, Any], bool]] = {
    "": operator.eq,
    "in": lambda value, among: value in among,
    "isnull": lambda value, empty: (value is None) is empty,
}


@dataclass(frozen=True, slots=True)
class Before:
    """What a migration has done so far: constraints it took away, and what a row has in a column it added that nobody fills."""

    constraints: dict[tuple[str, str], "models.BaseConstraint"] = field(default_factory=dict)
    added: dict[str, dict[str, object]] = field(default_factory=dict)

    def note(self, operation: Operation, app: str, state: ProjectState) -> None:
        """Remember what the next operations have to be seen with; ``state`` is from before this one."""
        if isinstance(operation, migrations.RemoveConstraint):
            table = state.models[app, operation.model_name_lower]
            was = table.get_constraint_by_name(operation.name)
            self.constraints[operation.model_name_lower, operation.name] = was
        elif isinstance(operation, migrations.AddField):
            default = operation.field.db_default
            value = None if default is NOT_PROVIDED else getattr(default, "value", default)
            self.added.setdefault(operation.model_name_lower, {})[operation.name] = value


def is_asked_for(column: "models.Field[Any, Any]") -> bool:
    """Whether who writes a row without this column is refused."""
    fills_itself = isinstance(column, models.ManyToManyField | models.GeneratedField)
    return not fills_itself and not column.null and column.db_default is NOT_PROVIDED


def holds(condition: object, known: Mapping[str, object]) -> bool | None:
    """Whether a condition is true of a row of which these columns alone are known; None where the others decide."""
    if isinstance(condition, models.Q):
        parts = [holds(each, known) for each in condition.children]
        decides = condition.connector == models.Q.OR
        found = decides if decides in parts else None if None in parts else not decides
        return found if found is None else found is not condition.negated
    assert isinstance(condition, tuple), condition
    column, _, lookup = condition[0].partition("__")
    if column not in known or lookup not in LOOKUPS:
        return None
    return bool(LOOKUPS[lookup](known[column], condition[1]))


def widens(before: "models.BaseConstraint | None", after: "models.BaseConstraint") -> bool:
    """Whether one list of what is known takes another's place, and leaves nothing of it out."""
    match children_of(before), children_of(after):
        case [(str(known), list(values))], [(str(knows), list(more))]:
            return known == knows and known.endswith("__in") and set(values) <= set(more)
    return False


def children_of(constraint: "models.BaseConstraint | None") -> list[Any]:
    """The parts of what a check wants; none of another constraint."""
    condition: Any = constraint.condition if isinstance(constraint, models.CheckConstraint) else None
    return list(condition.children) if isinstance(condition, models.Q) else []


def refuses(operation: migrations.AddConstraint, before: Before) -> bool:
    """Whether a constraint may refuse what the version before writes."""
    constraint = operation.constraint
    if widens(before.constraints.get((operation.model_name_lower, constraint.name)), constraint):
        return False
    known = before.added.get(operation.model_name_lower, {})
    return not (isinstance(constraint, models.CheckConstraint) and holds(constraint.condition, known))


def hurts(operation: Operation, app: str, state: ProjectState, before: Before) -> str:
    """What an operation does to code that does not know it, with the tables as they stood before it; "" for nothing."""
    if isinstance(operation, migrations.AddConstraint) and refuses(operation, before):
        return f"{operation.describe()}, which may refuse what is written now"
    if isinstance(operation, TAKES_AWAY):
        return operation.describe()
    if isinstance(operation, migrations.AddField) and is_asked_for(operation.field):
        return f"{operation.describe()}, which every row must have"
    if isinstance(operation, migrations.AlterField):
        was, becomes = state.models[app, operation.model_name_lower].fields[operation.name], operation.field
        if was.get_internal_type() != becomes.get_internal_type():
            return f"{operation.describe()} to another type"
        if (becomes.max_length or 0) < (was.max_length or 0):
            return f"{operation.describe()} to a shorter one"
        if is_asked_for(becomes) and not is_asked_for(was):
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
        before = Before()
        found = []
        for operation in migration.operations:
            if isinstance(operation, migrations.CreateModel):
                made.add(operation.name_lower)
            # What came with this migration is known to nobody who runs.
            elif getattr(operation, "model_name_lower", "") not in made:
                found.append(hurts(operation, app, state, before))
            before.note(operation, app, state)
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
    migrations.AddConstraint(
        "parcel", models.CheckConstraint(condition=models.Q(name__in=["a"]), name="name_is_known")
    ),
    migrations.AddConstraint("parcel", models.CheckConstraint(condition=models.Q(side="left"), name="side_is_left")),
    migrations.AddConstraint("parcel", models.UniqueConstraint(fields=["side"], name="one_of_a_side")),
    migrations.AddConstraint("parcel", models.CheckConstraint(condition=models.Q(old__in=["b"]), name="old_is_known")),
]
HARMLESS: list[Operation] = [
    migrations.AddField("parcel", "weight", models.IntegerField(db_default=0)),
    migrations.AddField("parcel", "weight", models.IntegerField(null=True)),
    migrations.AddField("parcel", "parts", models.ManyToManyField("shop.parcel")),
    migrations.AlterField("parcel", "name", models.CharField(max_length=21)),
    migrations.AlterField("parcel", "name", models.CharField(max_length=20, null=True)),
    migrations.AlterField("parcel", "note", models.TextField(db_default="")),
    migrations.AddConstraint(
        "parcel", models.CheckConstraint(condition=models.Q(side__in=["", "left"]), name="side_is_known")
    ),
    migrations.AddConstraint(
        "parcel", models.CheckConstraint(condition=models.Q(side="") | models.Q(name="a"), name="left_is_a")
    ),
    migrations.AddConstraint(
        "parcel", models.CheckConstraint(condition=~models.Q(side="left", name="a"), name="a_is_not_left")
    ),
    migrations.AddConstraint(
        "parcel", models.CheckConstraint(condition=models.Q(old__in=["", "a", "b"]), name="old_is_known")
    ),
]
EARLIER: list[Operation] = [
    migrations.AddField("parcel", "side", models.CharField(max_length=5, db_default="")),
    migrations.RemoveConstraint("parcel", "old_is_known"),
]


@pytest.mark.parametrize(
    ("operations", "is_worse"), [(WORSE, True), (HARMLESS, False)], ids=["what hurts", "what only adds"]
)
def test_what_hurts_is_told_from_what_only_adds(operations: list[Operation], is_worse: bool) -> None:
    state = ProjectState()
    old = models.CheckConstraint(condition=models.Q(old__in=["", "a"]), name="old_is_known")
    state.add_model(ModelState("shop", "Parcel", list(BEFORE.items()), options={"constraints": [old]}))
    before = Before()
    for operation in EARLIER:
        before.note(operation, "shop", state)

    wrong = [each.describe() for each in operations if bool(hurts(each, "shop", state, before)) != is_worse]

    assert wrong == []
