"""The role of PostgreSQL that the processes run as: it reads and writes rows, and changes neither tables nor the audit trail.

Only ``manage.py setup`` and ``restore`` know the owner (``DATABASE_OWNER_URL``), and give the role of ``DATABASE_URL`` its rights.
"""

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import ProgrammingError, connection, transaction
from psycopg import sql

LOGIN = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD"
# Who may put what: rows everywhere, but where the database's own shape is written down and where nothing is ever changed.
RIGHTS = (
    "GRANT CONNECT ON DATABASE {database} TO {role}",
    "GRANT USAGE ON SCHEMA public TO {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
    "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
    "REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {role}",
    "REVOKE UPDATE ON core_auditevent, core_auditseal FROM {role}",
    "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
    "REVOKE CREATE, TEMPORARY ON DATABASE {database} FROM PUBLIC",
)


def grant() -> bool:
    """Make the role where it is missing, and give it its rights and its password; whether there was an owner to do so.

    Raises ImproperlyConfigured where the owner may not make roles, or both are the same.
    """
    if not settings.DATABASE_OWNER_URL:
        return False
    runtime = settings.RUNTIME_DATABASE
    role, password = str(runtime["USER"]), str(runtime["PASSWORD"])
    if role == connection.settings_dict["USER"]:
        raise ImproperlyConfigured(
            "DATABASE_URL and DATABASE_OWNER_URL must name two roles: the first one's may do less."
        )
    names = {"role": sql.Identifier(role), "database": sql.Identifier(str(connection.settings_dict["NAME"]))}
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
            verb = sql.SQL("ALTER" if cursor.fetchone() else "CREATE")
            made = sql.SQL("{verb} ROLE {role} {login} {password}")
            cursor.execute(made.format(verb=verb, login=sql.SQL(LOGIN), password=sql.Literal(password), **names))
            for right in RIGHTS:
                cursor.execute(sql.SQL(right).format(**names))
    except ProgrammingError as error:
        raise ImproperlyConfigured(
            f"The role {role} of DATABASE_URL cannot be given its rights ({str(error).partition(chr(10))[0]}): "
            "DATABASE_OWNER_URL must name a role that owns the database and may make roles."
        ) from error
    return True
