"""Statements that the ORM writes once and that are run many times, with other values.

Building a statement costs Django more than running it costs the database, and a message takes dozens. What stands here
is built at its first use in a process, by the same querysets as ever, with ``Slot`` in the place of each value; after
that only the values are new. What cannot be kept so is refused when it is built: StatementRefused says why.

Whole rows are written by ``core.rows``.
"""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import NoneType, UnionType
from typing import Any, Generic, ParamSpec, TypeVar, get_args, get_origin
from uuid import UUID

from django.core.exceptions import EmptyResultSet, FieldError, FullResultSet
from django.db import DEFAULT_DB_ALIAS, connections, models, transaction
from django.db.models.expressions import Expression
from django.db.models.query import (
    FlatValuesListIterable,
    ModelIterable,
    NamedValuesListIterable,
    ValuesListIterable,
    get_related_populators,
)
from django.db.models.sql import UpdateQuery
from django.db.models.utils import create_namedtuple_class
from django.db.transaction import TransactionManagementError

from core.clock import database_now

P = ParamSpec("P")
Row = TypeVar("Row")
Wrap = Callable[[Sequence[Any]], Any]

_KINDS: Mapping[object, "models.Field[Any, Any]"] = {
    int: models.BigIntegerField(),
    str: models.TextField(),
    float: models.FloatField(),
    bool: models.BooleanField(),
    datetime: models.DateTimeField(),
    timedelta: models.DurationField(),
    UUID: models.UUIDField(),
}


# The clock is read after the row is held: what is worked out beside the row may have been so before it was waited for.
_TIMED = "WITH held AS MATERIALIZED ({}) SELECT clock_timestamp(), held.* FROM held"


class StatementRefused(Exception):
    """This cannot be kept, or not be run with these values; the message says why."""


class Slot(Expression):
    """Stands in a queryset for a value that comes when the statement is run."""

    def __init__(self, place: int, kind: "models.Field[Any, Any] | None" = None) -> None:
        super().__init__(output_field=kind)
        self.place = place

    def as_sql(self, compiler: object, connection: object) -> tuple[str, list[Any]]:  # type: ignore[override]
        """A placeholder; this slot says which value belongs there."""
        return "%s", [self]


@dataclass(frozen=True, slots=True)
class _Parameter:
    """A parameter of a builder, as its annotation has it."""

    name: str
    kind: "models.Field[Any, Any]"
    is_tuple: bool = False
    is_optional: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """A kept statement: its text, what never changes in it, and at which positions which values go."""

    sql: str
    constants: tuple[Any, ...]
    openings: tuple[tuple[int, int], ...]
    wrap: Wrap = field(default=tuple, compare=False)
    locks: bool = False

    @classmethod
    def of(cls, sql: str, params: Iterable[Any], *, wrap: Wrap = tuple, locks: bool = False) -> "Plan":
        """Where the slots stand among the parameters that the ORM gave."""
        given = tuple(params)
        openings = tuple((at, param.place) for at, param in enumerate(given) if isinstance(param, Slot))
        constants = tuple(None if isinstance(param, Slot) else param for param in given)
        return cls(sql, constants, openings, wrap, locks)

    def filled(self, values: Sequence[Any]) -> list[Any]:
        """The parameters with these values in their places."""
        params = list(self.constants)
        for at, place in self.openings:
            params[at] = values[place]
        return params


class _Kept(ABC, Generic[P]):
    """What questions and changes have in common: a builder, and its plans by the kind of database.

    Safe to use in many threads: two that come first build the same plan, and one of the two is kept.
    """

    def __init__(self, build: Callable[P, Any]) -> None:
        self._build = build
        self._parameters = tuple(_parameter(each) for each in inspect.signature(build).parameters.values())
        self._plans: dict[tuple[Any, ...], Plan] = {}
        self.__doc__ = build.__doc__

    def _prepared(self, connection: Any, args: Sequence[Any], named: Mapping[str, Any]) -> tuple[Plan, list[Any]]:
        """The plan for these arguments, and its parameters as the driver takes them."""
        given = [*args, *(named[parameter.name] for parameter in self._parameters[len(args) :])] if named else args
        key: tuple[Any, ...] = (connection.vendor,)
        values: list[Any] = []
        for parameter, value in zip(self._parameters, given, strict=True):
            if parameter.is_tuple:
                key += (len(value),)
                values += [parameter.kind.get_db_prep_value(each, connection) for each in value]
            elif value is None and not parameter.is_optional:
                raise StatementRefused(f"{parameter.name} is None, and a kept statement would find nothing by it.")
            else:
                values.append(parameter.kind.get_db_prep_value(value, connection))
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = self._planned(connection, key[1:])
        return plan, plan.filled(values)

    def _planned(self, connection: Any, lengths: Sequence[int]) -> Plan:
        left, slots, count = list(lengths), [], 0
        for parameter in self._parameters:
            size = left.pop(0) if parameter.is_tuple else 1
            made = tuple(Slot(place, parameter.kind) for place in range(count, count + size))
            slots.append(made if parameter.is_tuple else made[0])
            count += size
        try:
            # What differs between the two was worked out by the builder, as a time is, and would never change again.
            plan, again = (self._compiled(connection, self._build(*slots)) for _ in range(2))  # type: ignore[arg-type, call-arg]  # slots for values
        except (EmptyResultSet, FullResultSet) as error:
            raise StatementRefused(f"{self._name} asks for nothing or leaves no condition.") from error
        except (AttributeError, FieldError, TypeError, ValueError) as error:
            raise StatementRefused(f"{self._name} does more with a value than to look for it: {error}") from error
        if plan != again:
            raise StatementRefused(f"{self._name} holds a value of its own that is another each time.")
        if {place for _, place in plan.openings} != set(range(count)):
            raise StatementRefused(f"{self._name} does not use each of its values as it is.")
        return plan

    @abstractmethod
    def _compiled(self, connection: Any, built: Any) -> Plan:
        """The plan of what the builder gave. Raises StatementRefused where that cannot be kept."""

    @property
    def _name(self) -> str:
        return self._build.__qualname__


class Read(_Kept[P], Generic[P, Row]):
    """A question. It decorates a function of annotated values that gives a queryset, and is asked by ``all`` and the like.

    A ``tuple[str, ...]`` is kept once for each length. Instances come with what ``select_related`` and ``annotate`` name;
    ``first`` asks for no order and no limit that the queryset does not have.
    """

    def __init__(self, build: Callable[P, "models.QuerySet[Any, Row]"]) -> None:
        super().__init__(build)
        if any(parameter.is_optional for parameter in self._parameters):
            raise StatementRefused(f"{self._name} would look for None, which no placeholder finds.")

    def all(self, *args: P.args, **named: P.kwargs) -> list[Row]:
        """Every row, in the queryset's order."""
        plan, rows = self._asked("{}", args, named)
        return [plan.wrap(row) for row in rows]

    def first(self, *args: P.args, **named: P.kwargs) -> Row | None:
        """The first row; None where there is none."""
        return next(iter(self.all(*args, **named)), None)

    def first_at(self, *args: P.args, **named: P.kwargs) -> tuple[Row, datetime] | None:
        """The first row, and the moment on the database's clock: of a row that is held, one after it became so."""
        if connections[DEFAULT_DB_ALIAS].vendor != "postgresql":
            found = self.all(*args, **named)
            return (found[0], database_now()) if found else None
        plan, rows = self._asked(_TIMED, args, named)
        return (plan.wrap(rows[0][1:]), rows[0][0].astimezone(UTC)) if rows else None

    def one(self, *args: P.args, **named: P.kwargs) -> Row:
        """The row. Raises the model's DoesNotExist and MultipleObjectsReturned."""
        rows = self.all(*args, **named)
        if len(rows) != 1:
            model = self._build(*args, **named).model
            raise (model.MultipleObjectsReturned if rows else model.DoesNotExist)(f"{self._name}: {len(rows)} rows")
        return rows[0]

    def _asked(self, form: str, args: Sequence[Any], named: Mapping[str, Any]) -> tuple[Plan, Sequence[Sequence[Any]]]:
        connection = connections[DEFAULT_DB_ALIAS]
        plan, params = self._prepared(connection, args, named)
        if plan.locks and connection.get_autocommit():
            raise TransactionManagementError("select_for_update cannot be used outside of a transaction.")
        with connection.cursor() as cursor:
            cursor.execute(form.format(plan.sql), params)
            return plan, cursor.fetchall()

    def _compiled(self, connection: Any, built: Any) -> Plan:
        if built._prefetch_related_lookups or built._known_related_objects:  # noqa: SLF001  (Django tells it nowhere else)
            raise StatementRefused(f"{self._name} needs more than one statement, or holds an instance.")
        compiler = built.query.get_compiler(connection=connection)
        sql, params = compiler.as_sql()
        locks = built.query.select_for_update and connection.features.has_select_for_update
        return Plan.of(sql, params, wrap=_wrap(built, compiler), locks=locks)


class _Update(_Kept[P]):
    """What changes have in common."""

    def __init__(self, build: Callable[P, Any]) -> None:
        super().__init__(build)
        if any(parameter.is_tuple for parameter in self._parameters):
            raise StatementRefused(f"{self._name} takes a tuple, which only questions do.")

    @contextmanager
    def _done(self, args: Sequence[Any], named: Mapping[str, Any]) -> Iterator[tuple[Plan, Any]]:
        """The plan, and the cursor that has run it."""
        connection = connections[DEFAULT_DB_ALIAS]
        plan, params = self._prepared(connection, args, named)
        with transaction.mark_for_rollback_on_error(using=DEFAULT_DB_ALIAS), connection.cursor() as cursor:
            cursor.execute(plan.sql, params)
            yield plan, cursor

    def _compiled(self, connection: Any, built: Any) -> Plan:
        rows, values, *told = built
        if rows.query.is_sliced:
            raise StatementRefused(f"{self._name} would change a slice.")
        query = rows.query.chain(UpdateQuery)
        query.add_update_values(values)
        query.clear_select_clause()
        query.clear_ordering(force=True)
        compiler = query.get_compiler(connection=connection)
        sql, params = compiler.as_sql()
        fields = [rows.model._meta.get_field(name) for name in told]
        telling, _ = connection.ops.return_insert_columns(fields)
        convert = converting(compiler, [each.get_col(rows.model._meta.db_table) for each in fields])
        plan = Plan.of(f"{sql} {telling}".strip(), params, wrap=convert or tuple)
        set_here = plan.sql.partition(" WHERE ")[0].count("%s")
        if any(at >= set_here and self._parameters[place].is_optional for at, place in plan.openings):
            raise StatementRefused(f"{self._name} would look for None, which no placeholder finds.")
        return plan


class Change(_Update[P]):
    """An UPDATE. It decorates a function that gives a queryset and what to set in it, and is called for the count of rows.

    A value that is set may be annotated ``| None``; one that is looked for may not.
    """

    def __init__(self, build: Callable[P, tuple["models.QuerySet[Any, Any]", Mapping[str, Any]]]) -> None:
        super().__init__(build)

    def __call__(self, *args: P.args, **named: P.kwargs) -> int:
        """Do it; how many rows were changed."""
        with self._done(args, named) as (_, cursor):
            return int(cursor.rowcount)


class Taking(_Update[P]):
    """An UPDATE of one row that tells what stands in it afterwards, by the names that follow what is set."""

    def __init__(
        self, build: Callable[P, tuple["models.QuerySet[Any, Any]", Mapping[str, Any], *tuple[str, ...]]]
    ) -> None:
        super().__init__(build)

    def __call__(self, *args: P.args, **named: P.kwargs) -> Sequence[Any] | None:
        """Do it; the values of the row that was changed, None where none was."""
        with self._done(args, named) as (plan, cursor):
            told = cursor.fetchall()
            return plan.wrap(told[0]) if told else None


def _parameter(given: inspect.Parameter) -> _Parameter:
    """What the annotation says of a builder's parameter. Raises StatementRefused."""
    kind = given.annotation
    is_tuple = get_origin(kind) is tuple
    is_optional = isinstance(kind, UnionType) and NoneType in get_args(kind)
    if is_tuple or is_optional:
        kinds = [each for each in get_args(kind) if each not in {NoneType, Ellipsis}]
        kind = kinds[0] if len(kinds) == 1 else None
    if kind not in _KINDS:
        raise StatementRefused(f"{given.name} needs an annotation out of {', '.join(map(str, _KINDS))}.")
    return _Parameter(given.name, _KINDS[kind], is_tuple, is_optional)


def converting(compiler: Any, columns: Sequence[Any]) -> Wrap | None:
    """What makes Python's values of a row of these columns; None where they are so already.

    Bound to a connection that is never opened: the one at hand belongs to a thread, and would be kept with the plan.
    """
    compiler.connection = unopened = connections.create_connection(DEFAULT_DB_ALIAS)
    converters = [(at, *how) for at, how in compiler.get_converters(columns).items()]

    def converted(row: Sequence[Any]) -> list[Any]:
        values = list(row)
        for at, converts, column in converters:
            for convert in converts:
                values[at] = convert(values[at], column, unopened)
        return values

    return converted if converters else None


def _wrap(rows: "models.QuerySet[Any, Any]", compiler: Any) -> Wrap:
    """What makes of a row that the cursor gives what the queryset would. Raises StatementRefused."""
    kind = rows._iterable_class  # noqa: SLF001  (Django tells it nowhere else)
    make: Wrap
    if kind is ModelIterable:
        make = _instance(compiler)
    elif kind is NamedValuesListIterable:
        make = create_namedtuple_class(*rows._fields)._make  # type: ignore[attr-defined]
    elif kind is FlatValuesListIterable:
        make = _only
    elif kind is ValuesListIterable:
        make = tuple
    else:
        raise StatementRefused("Kept statements give instances and values_list, nothing else.")
    if compiler.has_extra_select or compiler.has_composite_fields([each[0] for each in compiler.select]):
        raise StatementRefused("Kept statements give columns, each by itself, and none besides those asked for.")
    convert = converting(compiler, [each[0] for each in compiler.select])
    return make if convert is None else lambda row: make(convert(row))


def _only(row: Sequence[Any]) -> Any:
    return row[0]


def _instance(compiler: Any) -> Wrap:
    """What makes an instance of a row, and those that come with it."""
    info, select, annotations = compiler.klass_info, compiler.select, tuple(compiler.annotation_col_map.items())
    begin, end = info["select_fields"][0], info["select_fields"][-1] + 1
    names = [each[0].target.attname for each in select[begin:end]]
    populators = get_related_populators(info, select, DEFAULT_DB_ALIAS)  # type: ignore[call-arg]  # of a later Django

    def instance(row: Sequence[Any]) -> Any:
        made = info["model"].from_db(DEFAULT_DB_ALIAS, names, row[begin:end])
        for populator in populators:
            populator.populate(row, made)
        for name, at in annotations:
            setattr(made, name, row[at])
        return made

    return instance
