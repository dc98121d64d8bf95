"""The audit trail may lose what is older than a year, and nothing else; it is still never changed."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

MESSAGE = "The audit trail cannot be changed."
DAYS = 365
TABLES = ("core_auditevent", "core_auditseal")
POSTGRESQL_AGE = {
    "core_auditevent": "OLD.at",
    "core_auditseal": "(SELECT at FROM core_auditevent WHERE id = OLD.event_id)",
}
POSTGRESQL_FUNCTION = """
CREATE FUNCTION {table}_keeps_a_year() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF {age} < now() - interval '{days} days' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '{message}' USING ERRCODE = 'restrict_violation';
END
$$
"""
SQLITE_TRIGGER = """
CREATE TRIGGER {table}_refuses_delete BEFORE DELETE ON {table}
WHEN NOT ({age} < strftime('%Y-%m-%d %H:%M:%f', 'now', '-{days} days'))
BEGIN SELECT RAISE(ABORT, '{message}'); END
"""


def keep_a_year(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Let deletions through that concern old rows."""
    for table in TABLES:
        given = {"table": table, "age": POSTGRESQL_AGE[table], "days": DAYS, "message": MESSAGE}
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(POSTGRESQL_FUNCTION.format(**given))
            schema_editor.execute(f"DROP TRIGGER {table}_refuses_delete ON {table}")
            schema_editor.execute(
                f"CREATE TRIGGER {table}_refuses_delete BEFORE DELETE ON {table} "
                f"FOR EACH ROW EXECUTE FUNCTION {table}_keeps_a_year()"
            )
        else:
            schema_editor.execute(f"DROP TRIGGER {table}_refuses_delete")
            schema_editor.execute(SQLITE_TRIGGER.format(**given))


def refuse_all(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Refuse every deletion again."""
    for table in TABLES:
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(f"DROP TRIGGER {table}_refuses_delete ON {table}")
            schema_editor.execute(
                f"CREATE TRIGGER {table}_refuses_delete BEFORE DELETE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION core_refuse_audit_change()"
            )
            schema_editor.execute(f"DROP FUNCTION {table}_keeps_a_year()")
        else:
            schema_editor.execute(f"DROP TRIGGER {table}_refuses_delete")
            schema_editor.execute(
                f"CREATE TRIGGER {table}_refuses_delete BEFORE DELETE ON {table} BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
            )


class Migration(migrations.Migration):
    """Triggers on both databases."""

    dependencies = [("core", "0002_refuse_audit_changes")]

    operations = [migrations.RunPython(keep_a_year, refuse_all)]
