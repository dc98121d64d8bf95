import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("conversations", "0010_find_due_conversations_by_mode"),
    ]

    operations = [
        migrations.CreateModel(
            name="Restoration",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("account_id", models.BigIntegerField()),
                ("since", models.DateTimeField()),
                ("begun_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["-id"],
                "indexes": [models.Index(fields=["account_id", "begun_at"], name="restoration_by_account")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at", None)), fields=("account_id",), name="one_restoration_at_a_time"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("since__lte", models.F("begun_at"))), name="restored_to_the_past"
                    ),
                ],
            },
        ),
    ]
