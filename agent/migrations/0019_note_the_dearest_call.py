from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("agent", "0018_erase_drafts"),
    ]

    operations = [
        migrations.AddField(
            model_name="spendledger",
            name="dearest_call",
            field=models.BigIntegerField(db_default=0, default=0),
        ),
    ]
