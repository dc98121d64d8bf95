from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [("conversations", "0009_remember_who_was_erased")]

    operations = [
        migrations.RemoveIndex(model_name="conversation", name="conversation_due"),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(
                fields=["mode", "ready_at"],
                name="conversation_due",
                condition=Q(mode="bot") & Q(last_in_seq__gt=F("answered_to_seq")),
            ),
        ),
    ]
