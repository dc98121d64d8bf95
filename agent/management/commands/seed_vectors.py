"""``manage.py seed_vectors``: work out the vectors of the seed files again, after editing them."""

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction


class Command(BaseCommand):
    """Loads release 1 into a transaction that is undone, so that no row of this product changes."""

    help = "Work out agent/seeds/vectors.npz again; needs the English weights too, so that both encoders are in it."

    def handle(self, *_args: object, **_options: object) -> None:
        """Encode everything the first release holds, and write the file."""
        # The encoders are loaded only where this command runs.
        from agent import runtime
        from agent.models import AgentRun, EngineBuild, Release, TextVector
        from agent.releases import first, shipped

        encoder = runtime.Encoder.load()
        if not encoder.has_english:
            raise CommandError("The English weights are missing: make models, then again.")
        shipped.FILE.unlink(missing_ok=True)
        with transaction.atomic():
            AgentRun.objects.all().delete()
            for rows in (EngineBuild.objects, TextVector.objects, Release.objects):
                rows.all().delete()
            release = first.ensure_first_release()
            runtime.load_release(release.pk, encoder)
            vectors = {row.key: bytes(row.vector) for row in TextVector.objects.all()}
            transaction.set_rollback(True)
        size = shipped.write(vectors)
        self.stdout.write(f"{len(vectors)} vectors, {size / 1_000_000:.1f} MB in {shipped.FILE.name}.")
