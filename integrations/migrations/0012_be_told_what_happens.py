"""Beside the version before: it cannot write a new account, so `worker`, `sweeper`, `beat` and `live` are stopped first."""

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0011_find_who_is_due_by_subscriber"),
    ]

    operations = [
        migrations.AddField(
            model_name="platformaccount",
            name="application_id",
            field=models.CharField(
                blank=True,
                help_text="The app's number in LinkedIn's developer portal, from the address of its page; it is not the client id.",
                max_length=20,
                validators=[django.core.validators.RegexValidator("^[0-9]+\\Z", "It is a number.")],
                verbose_name="application number",
            ),
        ),
        migrations.AddField(
            model_name="platformaccount",
            name="notified_until",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="platformaccount",
            name="notified_problem",
            field=models.CharField(blank=True, max_length=300),
        ),
        migrations.AddField(
            model_name="platformaccount",
            name="notified_look_at",
            field=models.DateTimeField(
                blank=True,
                help_text="When it is looked whether the platform tells us what happens; empty: at once.",
                null=True,
            ),
        ),
    ]
