import django.utils.timezone
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("conversations", "0011_remember_restores"),
    ]

    operations = [
        migrations.CreateModel(
            name="Fact",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("message.received", "Message received"),
                            ("message.answered", "Message answered"),
                            ("conversation.escalated", "Conversation escalated"),
                            ("conversation.claimed", "Conversation claimed"),
                            ("conversation.resolved", "Conversation resolved"),
                        ],
                        max_length=40,
                    ),
                ),
                ("conversation_id", models.BigIntegerField()),
                ("message_id", models.BigIntegerField(blank=True, null=True)),
                ("escalation_id", models.BigIntegerField(blank=True, null=True)),
                ("details", models.JSONField(blank=True, default=dict)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
            options={
                "ordering": ["id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "kind__in",
                                [
                                    "message.received",
                                    "message.answered",
                                    "conversation.escalated",
                                    "conversation.claimed",
                                    "conversation.resolved",
                                ],
                            )
                        ),
                        name="fact_kind_is_known",
                    )
                ],
            },
        ),
    ]
