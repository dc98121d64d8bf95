"""``manage.py rotate_keys``: write every stored secret again under the first key."""

from collections.abc import Iterator

from django.apps import apps
from django.core.management.base import CommandError, CommandParser
from django.db import models, transaction

from core import audit
from core.exceptions import SecretUnreadable
from core.fields import EncryptedJSONField
from core.terminal import OwnCommand


class Command(OwnCommand):
    """Reads with any key, writes with the first."""

    help = "Encrypt all stored secrets again with the first of FIELD_ENCRYPTION_KEYS; the other keys may go afterwards."

    def add_arguments(self, parser: CommandParser) -> None:
        """``--dry-run``."""
        parser.add_argument("--dry-run", action="store_true", help="only read everything, and say how much there is")

    def handle(self, *_args: object, dry_run: bool, **_options: object) -> None:
        """Write them, row by row."""
        count = 0
        for model, field in _encrypted_fields():
            for pk in model._default_manager.values_list("pk", flat=True).iterator():
                try:
                    _rewrite(model, field, pk, dry_run=dry_run)
                except SecretUnreadable as error:
                    raise CommandError(f"{model._meta.verbose_name} {pk}: {error}") from error
                count += 1
        self.stderr.write(f"{count} secrets {'can be read' if dry_run else 'are written with the first key now'}.")


def _encrypted_fields() -> Iterator[tuple[type[models.Model], str]]:
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, EncryptedJSONField):
                yield model, field.name


@transaction.atomic
def _rewrite(model: type[models.Model], field: str, pk: object, *, dry_run: bool) -> None:
    row = model._default_manager.select_for_update().get(pk=pk)
    if not dry_run:
        row.save(update_fields=[field])
        audit.record(None, "secret.rotated", row, reason="rotate_keys")
