"""Beside the version before: it can neither write nor read which calls it made in the last minute, so `worker`, `sweeper`, `beat` and `live` are stopped first."""

from collections import Counter

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def count(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """The calls of the last minute stay counted."""
    for window in apps.get_model("integrations", "SendWindow").objects.all():
        window.calls = sorted(Counter(window.stamps).items())
        window.save()


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0009_take_the_older_projects_events"),
    ]

    operations = [
        migrations.AddField(model_name="sendwindow", name="calls", field=models.JSONField(default=list)),
        migrations.RunPython(count, migrations.RunPython.noop),
        migrations.RemoveField(model_name="sendwindow", name="stamps"),
    ]
