"""``manage.py setup``: the rows every installation needs."""

from django.core.management.base import BaseCommand

from supportagent import first_rows


class Command(BaseCommand):
    """Makes what is missing; run again, it changes nothing."""

    help = "Make the rows every installation needs: a team, the first release, the periodic jobs. Run migrate first."

    def handle(self, *_args: object, **_options: object) -> None:
        """Make them."""
        first_rows.ensure()
        self.stderr.write("Ready: a team, the first release and the periodic jobs are there.")
