"""Writing one whole row, or named fields of one, by statements that are kept (``core.statements`` says why).

Both do what ``Model.save`` does in one table and send none of its signals; a model that somebody listens to is refused.
"""

from collections.abc import Callable, Iterator
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
    meta = instance._meta
    if meta.auto_field is not None and instance.pk is not None:
        raise StatementRefused(f"This {meta.label} has its key already: it was written before.")
    left = {name: value for name, value in vars(instance).items() if isinstance(value, DatabaseDefault)}
    with _ran(instance, ("insert", *left), partial(_insert_plan, left=left), add=True) as (plan, cursor):
        told = plan.wrap(cursor.fetchone()) if meta.db_returning_fields else ()
    for each, value in zip(meta.db_returning_fields, told, strict=True):
        setattr(instance, each.attname, value)
    state = instance._state  # noqa: SLF001  (as it is after ``save``)
    state.adding, state.db = False, DEFAULT_DB_ALIAS


def insert_unless_there(instance: models.Model) -> bool:
    """Add a new row where no unique constraint stands against it; whether it was added. The instance learns no key.

    Raises StatementRefused as ``insert`` does.
    """
    left = {name: value for name, value in vars(instance).items() if isinstance(value, DatabaseDefault)}
    planned = partial(_insert_plan, left=left, is_optional=True)
    with _ran(instance, ("insert unless there", *left), planned, add=True) as (_, cursor):
        return bool(cursor.rowcount == 1)


def update(instance: models.Model, *names: str) -> None:
    """Write the named fields of a row that is there, as ``save(update_fields=names)`` would.

    Raises StatementRefused for values that are expressions, and DatabaseError where the row is gone.
    """
    with _ran(instance, ("update", *names), partial(_update_plan, names=names), add=False) as (_, cursor):
        if cursor.rowcount != 1:
            raise DatabaseError(f"The {instance._meta.label} to update is not there.")


@contextmanager
def _ran(
    instance: models.Model,
    what: tuple[str, ...],
    planned: Callable[[Any, type[models.Model]], tuple[Plan, _Fields]],
    *,
    add: bool,
) -> Iterator[tuple[Plan, Any]]:
    """The statement's plan, and the cursor that has run it with the instance's values."""
    connection = connections[DEFAULT_DB_ALIAS]
    key = (connection.vendor, type(instance), *what)
    kept = _plans.get(key)
    if kept is None:
        kept = _plans[key] = planned(connection, type(instance))
    plan, fields = kept
    params = plan.filled([_prepared(instance, each, connection, add=add) for each in fields])
    with transaction.mark_for_rollback_on_error(using=DEFAULT_DB_ALIAS), connection.cursor() as cursor:
        cursor.execute(plan.sql, params)
        yield plan, cursor


def _prepared(instance: models.Model, field: "models.Field[Any, Any]", connection: Any, *, add: bool) -> Any:
    value = field.pre_save(instance, add)
    if hasattr(value, "resolve_expression"):
        raise StatementRefused(f"{field} is given an expression, and a kept statement takes values.")
    return field.get_db_prep_save(value, connection)


def _insert_plan(
    connection: Any, model: type[models.Model], *, left: dict[str, Any], is_optional: bool = False
) -> tuple[Plan, _Fields]:
    """The INSERT of a model's rows that leave the values of ``left`` to the database; an optional one gives way and tells nothing."""
    meta = _judged(model)
    fields = tuple(each for each in meta.local_concrete_fields if not each.generated and each is not meta.auto_field)
    given = tuple(each for each in fields if each.attname not in left)
    template: Any = SimpleNamespace(**left, **{each.attname: Slot(place) for place, each in enumerate(given)})
    query = InsertQuery(model, on_conflict=OnConflict.IGNORE if is_optional else None)
    query.insert_values(fields, [template], raw=True)
    compiler: Any = query.get_compiler(connection=connection)
    told = () if is_optional else meta.db_returning_fields
    compiler.returning_fields = told
    ((sql, params),) = compiler.as_sql()
    convert = converting(compiler, [each.get_col(meta.db_table) for each in told])
    return Plan.of(sql, params, wrap=convert or tuple), given


def _update_plan(connection: Any, model: type[models.Model], *, names: tuple[str, ...]) -> tuple[Plan, _Fields]:
    meta = _judged(model)
    fields = tuple(meta.get_field(name) for name in dict.fromkeys(names))
    query: Any = models.QuerySet(model).filter(pk=Slot(len(fields), meta.pk)).query.chain(UpdateQuery)
    query.add_update_fields([(each, None, Slot(place)) for place, each in enumerate(fields)])
    return Plan.of(*query.get_compiler(connection=connection).as_sql()), (*fields, meta.pk)


def _judged(model: type[models.Model]) -> Any:
    """What Django knows of the model. Raises StatementRefused where a row is more than one statement."""
    if model._meta.parents or model._meta.order_with_respect_to:
        raise StatementRefused(f"A row of {model._meta.label} is more than one statement.")
    if pre_save.has_listeners(model) or post_save.has_listeners(model):
        raise StatementRefused(f"Somebody listens to {model._meta.label} being saved, and would not be told.")
    return model._meta
