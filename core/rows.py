"""Writing whole rows, or named fields of some, by statements that are kept (``core.statements`` says why).

All do what ``Model.save`` does in one table and send none of its signals; a model that somebody listens to is refused.
Several rows are of one model and written by one statement, which is kept once for each number of rows.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from types import SimpleNamespace
from typing import Any

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections, models, transaction
from django.db.models.constants import OnConflict
from django.db.models.expressions import DatabaseDefault
from django.db.models.signals import post_save, pre_save  # noqa: TID251  (only to see that nobody listens)
from django.db.models.sql import InsertQuery, UpdateQuery

from core.statements import Plan, Slot, StatementRefused, converting

_Fields = tuple["models.Field[Any, Any]", ...]

_plans: dict[tuple[object, ...], tuple[Plan, _Fields]] = {}


def insert(instance: models.Model) -> None:
    """Add a new row, as ``save`` would: the key and what the database chose are then on the instance.

    Raises StatementRefused for a row that has its key already, and for values that are expressions.
    """
    insert_all([instance])


def insert_all(instances: Sequence[models.Model]) -> None:
    """Add new rows as ``insert`` adds one; all of them or, where one is refused, none."""
    if not instances:
        return
    meta = instances[0]._meta
    if meta.auto_field is not None and any(each.pk is not None for each in instances):
        raise StatementRefused(f"This {meta.label} has its key already: it was written before.")
    left = _left_to_the_database(instances)
    planned = partial(_insert_plan, left=left, count=len(instances))
    with _ran(instances, ("insert", *left), planned, add=True) as (plan, cursor):
        told = [plan.wrap(row) for row in cursor.fetchall()] if meta.db_returning_fields else [()] * len(instances)
    for instance, values in zip(instances, told, strict=True):
        for each, value in zip(meta.db_returning_fields, values, strict=True):
            setattr(instance, each.attname, value)
        state = instance._state  # noqa: SLF001  (as it is after ``save``)
        state.adding, state.db = False, DEFAULT_DB_ALIAS


def insert_unless_there(*instances: models.Model) -> int:
    """Add new rows where no unique constraint stands against them; how many were added. The instances learn no key.

    Raises StatementRefused as ``insert`` does.
    """
    left = _left_to_the_database(instances)
    planned = partial(_insert_plan, left=left, count=len(instances), is_optional=True)
    with _ran(instances, ("insert unless there", *left), planned, add=True) as (_, cursor):
        return int(cursor.rowcount)


def update(instance: models.Model, *names: str) -> None:
    """Write the named fields of a row that is there, as ``save(update_fields=names)`` would.

    Raises StatementRefused for values that are expressions, and DatabaseError where the row is gone.
    """
    update_all([instance], *names)


def update_all(instances: Sequence[models.Model], *names: str) -> None:
    """Write the named fields of different rows, each its own values, as ``update`` writes those of one."""
    if not instances:
        return
    planned = partial(_update_plan, names=names, count=len(instances))
    with _ran(instances, ("update", *names), planned, add=False) as (_, cursor):
        if cursor.rowcount != len(instances):
            raise DatabaseError(f"The {instances[0]._meta.label} to update is not there.")


def _left_to_the_database(instances: Sequence[models.Model]) -> dict[str, Any]:
    """The values that the database is to choose, the same for each. Raises StatementRefused."""
    first, *others = (
        {name: value for name, value in vars(each).items() if isinstance(value, DatabaseDefault)} for each in instances
    )
    if any(other.keys() != first.keys() for other in others):
        raise StatementRefused("Of rows that are written together the database chooses the same values.")
    return first


@contextmanager
def _ran(
    instances: Sequence[models.Model],
    what: tuple[str, ...],
    planned: Callable[[Any, type[models.Model]], tuple[Plan, _Fields]],
    *,
    add: bool,
) -> Iterator[tuple[Plan, Any]]:
    """The statement's plan, and the cursor that has run it with the instances' values."""
    connection = connections[DEFAULT_DB_ALIAS]
    model = type(instances[0])
    key = (connection.vendor, model, len(instances), *what)
    kept = _plans.get(key)
    if kept is None:
        kept = _plans[key] = planned(connection, model)
    plan, fields = kept
    params = plan.filled([_prepared(each, field, connection, add=add) for each in instances for field in fields])
    with transaction.mark_for_rollback_on_error(using=DEFAULT_DB_ALIAS), connection.cursor() as cursor:
        cursor.execute(plan.sql, params)
        yield plan, cursor


def _prepared(instance: models.Model, field: "models.Field[Any, Any]", connection: Any, *, add: bool) -> Any:
    value = field.pre_save(instance, add)
    if hasattr(value, "resolve_expression"):
        raise StatementRefused(f"{field} is given an expression, and a kept statement takes values.")
    return field.get_db_prep_save(value, connection)


def _insert_plan(
    connection: Any, model: type[models.Model], *, left: dict[str, Any], count: int, is_optional: bool = False
) -> tuple[Plan, _Fields]:
    """The INSERT of rows that leave the values of ``left`` to the database; an optional one gives way and tells nothing."""
    meta = _judged(model)
    fields = tuple(each for each in meta.local_concrete_fields if not each.generated and each is not meta.auto_field)
    given = tuple(each for each in fields if each.attname not in left)
    templates: list[Any] = [
        SimpleNamespace(**left, **{each.attname: Slot(place) for place, each in enumerate(given, row * len(given))})
        for row in range(count)
    ]
    query = InsertQuery(model, on_conflict=OnConflict.IGNORE if is_optional else None)
    query.insert_values(fields, templates, raw=True)
    compiler: Any = query.get_compiler(connection=connection)
    told = () if is_optional else meta.db_returning_fields
    compiler.returning_fields = told
    ((sql, params),) = compiler.as_sql()
    convert = converting(compiler, [each.get_col(meta.db_table) for each in told])
    return Plan.of(sql, params, wrap=convert or tuple), given


def _update_plan(
    connection: Any, model: type[models.Model], *, names: tuple[str, ...], count: int
) -> tuple[Plan, _Fields]:
    meta = _judged(model)
    fields = tuple(meta.get_field(name) for name in dict.fromkeys(names))
    if count > 1:
        return _update_from_plan(connection, meta, fields, count), (*fields, meta.pk)
    query: Any = models.QuerySet(model).filter(pk=Slot(len(fields), meta.pk)).query.chain(UpdateQuery)
    query.add_update_fields([(each, None, Slot(place)) for place, each in enumerate(fields)])
    return Plan.of(*query.get_compiler(connection=connection).as_sql()), (*fields, meta.pk)


def _update_from_plan(connection: Any, meta: Any, fields: _Fields, count: int) -> Plan:
    """The UPDATE of several rows from a list of their values, the key last in each; the ORM has no words for it."""
    quoted = connection.ops.quote_name
    table, size = quoted(meta.db_table), len(fields) + 1
    changes = ", ".join(
        f"{quoted(each.column)} = {_typed(connection, each, f'given.column{place}')}"
        for place, each in enumerate(fields, 1)
    )
    row = f"({', '.join(['%s'] * size)})"
    sql = (
        f"UPDATE {table} SET {changes} FROM (VALUES {', '.join([row] * count)}) AS given "  # noqa: S608  (names of ours)
        f"WHERE {table}.{quoted(meta.pk.column)} = given.column{size}"
    )
    return Plan.of(sql, [Slot(place) for place in range(size * count)])


def _typed(connection: Any, field: "models.Field[Any, Any]", value: str) -> str:
    """The value as its column takes it: PostgreSQL cannot tell of what type a list of nothing but NULL is."""
    if connection.vendor != "postgresql":
        return value
    # Without its length, to which a cast would cut what is too long to be stored.
    return f"CAST({value} AS {str(field.db_type(connection)).partition('(')[0]})"


def _judged(model: type[models.Model]) -> Any:
    """What Django knows of the model. Raises StatementRefused where a row is more than one statement."""
    if model._meta.parents or model._meta.order_with_respect_to:
        raise StatementRefused(f"A row of {model._meta.label} is more than one statement.")
    if pre_save.has_listeners(model) or post_save.has_listeners(model):
        raise StatementRefused(f"Somebody listens to {model._meta.label} being saved, and would not be told.")
    return model._meta
