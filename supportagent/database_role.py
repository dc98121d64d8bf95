"""The role of PostgreSQL that the processes run as: it reads and writes rows, and changes neither tables nor what was audited.

Only ``manage.py setup`` and what else needs the tables' owner (``DATABASE_OWNER_URL``) is connected as it; setup gives the role of
``DATABASE_URL`` its rights.
"""

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import ProgrammingError, connection, transaction
from psycopg import sql

# What would make the rights below mean nothing: more than rows, the owner's own rights, or tables of its own.
MORE = """
SELECT 1 FROM pg_roles r WHERE r.rolname = %(role)s AND (
  r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolbypassrls OR pg_has_role(r.rolname, current_user, 'MEMBER')
  OR EXISTS (SELECT 1 FROM pg_tables t WHERE t.schemaname = 'public' AND t.tableowner = r.rolname))
"""
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

    Raises ImproperlyConfigured where the owner may not make roles, where both are the same, and where the role has more already.
    """
    if not settings.DATABASE_OWNER_URL:
        return False
    owner, runtime = connection.settings_dict, settings.RUNTIME_DATABASE
    role, password = str(runtime.get("USER", "")), str(runtime.get("PASSWORD", ""))
    if not role or role == owner["USER"] or runtime["NAME"] != owner["NAME"]:
        raise ImproperlyConfigured(
            "DATABASE_URL and DATABASE_OWNER_URL must name two roles of one database: the first one's may do less."
        )
    names = {"role": sql.Identifier(role), "database": sql.Identifier(str(owner["NAME"]))}
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(MORE, {"role": role})
            if cursor.fetchone():
                raise ImproperlyConfigured(
                    f"The role {role} of DATABASE_URL may do more than it should: it owns tables, belongs to the owner, or "
                    "makes roles or databases. Name a role of its own there, which need not exist yet."
                )
            cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
            verb = sql.SQL("ALTER" if cursor.fetchone() else "CREATE")
            # Hashed here, so that it stands in no log of the server's.
            hashed = connection.connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
            made = sql.SQL("{verb} ROLE {role} LOGIN PASSWORD {hashed}")
            cursor.execute(made.format(verb=verb, hashed=sql.Literal(hashed.decode()), **names))
            for right in RIGHTS:
                cursor.execute(sql.SQL(right).format(**names))
    except ProgrammingError as error:
        raise ImproperlyConfigured(
            f"The role {role} of DATABASE_URL cannot be given its rights ({str(error).partition(chr(10))[0]}): "
            "DATABASE_OWNER_URL must name a role that owns the database and may make roles."
        ) from error
    return True
