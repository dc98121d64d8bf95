"""Conversations keep what their channel takes from when they began; those that began before take pictures too."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

LIMITS = {"tiktok": 3_000_000, "webchat": 8_000_000}


def let_them(apps: Apps, _: BaseDatabaseSchemaEditor) -> None:
    conversations = apps.get_model("conversations", "Conversation").objects.filter(picture_limit=0)
    for platform, limit in LIMITS.items():
        conversations.filter(platform=platform).update(picture_limit=limit)


class Migration(migrations.Migration):
    dependencies = [("conversations", "0006_carry_pictures")]

    operations = [migrations.RunPython(let_them, migrations.RunPython.noop)]
