from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0010_count_calls_by_the_moment"),
    ]

    operations = [
        migrations.RemoveIndex(model_name="eventdelivery", name="event_delivery_due"),
        migrations.AddIndex(
            model_name="eventdelivery",
            index=models.Index(
                condition=models.Q(("state", "waiting")),
                fields=["subscription", "next_attempt_at"],
                name="event_delivery_due",
            ),
        ),
    ]
