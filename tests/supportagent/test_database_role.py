"""The role of PostgreSQL that the processes run as. What it may do, tests/test_composed.py tries in the running product."""

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from psycopg import sql

from supportagent import database_role

pytestmark = [pytest.mark.services, pytest.mark.django_db]
ROLE = "zq_app"


@pytest.fixture(autouse=True)
def two_roles(settings: Any) -> None:
    settings.DATABASE_OWNER_URL = "postgres://somebody@somewhere/else"
    name = connection.settings_dict["NAME"]
    settings.RUNTIME_DATABASE = {"USER": ROLE, "PASSWORD": "first-of-its-kind", "NAME": name}


def stored() -> str:
    """The password as the server keeps it, empty where there is no such role."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolpassword FROM pg_authid WHERE rolname = %s", [ROLE])
        found = cursor.fetchone()
    return str(found[0]) if found else ""


def make(rights: str) -> None:
    """Somebody made it before us."""
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("CREATE ROLE {} " + rights).format(sql.Identifier(ROLE)))


def test_without_an_owner_one_role_does_everything(settings: Any) -> None:
    settings.DATABASE_OWNER_URL = ""

    assert not database_role.grant()
    assert stored() == ""


def test_it_is_made_once_and_gets_each_new_password(settings: Any) -> None:
    assert database_role.grant()
    first = stored()
    assert database_role.grant()
    settings.RUNTIME_DATABASE = settings.RUNTIME_DATABASE | {"PASSWORD": "another"}
    assert database_role.grant()

    assert first.startswith("SCRAM-SHA-256$")
    assert "first-of-its-kind" not in first
    assert stored() != first


@pytest.mark.parametrize("rights", ["CREATEDB", "CREATEROLE", "SUPERUSER", "BYPASSRLS"])
def test_one_that_may_do_more_is_refused(rights: str) -> None:
    make(rights)

    with pytest.raises(ImproperlyConfigured, match="may do more than it should"):
        database_role.grant()


def test_one_that_owns_a_table_is_refused() -> None:
    make("LOGIN")
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE zq_more (id int)")
        cursor.execute(f"ALTER TABLE zq_more OWNER TO {ROLE}")

    with pytest.raises(ImproperlyConfigured, match="owns tables"):
        database_role.grant()


@pytest.mark.parametrize("change", [{"USER": ""}, {"NAME": "another"}, {"USER": None}])
def test_two_roles_of_one_database_are_wanted(settings: Any, change: dict[str, Any]) -> None:
    user = connection.settings_dict["USER"] if change.get("USER", "") is None else change.get("USER", ROLE)
    settings.RUNTIME_DATABASE = settings.RUNTIME_DATABASE | change | {"USER": user}

    with pytest.raises(ImproperlyConfigured, match="two roles of one database"):
        database_role.grant()
