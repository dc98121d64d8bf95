"""``manage.py setup``: the tables and rows every installation needs."""

from django.core.management import call_command

from core.terminal import OwnCommand
from supportagent import database_role, first_rows


class Command(OwnCommand):
    """Makes what is missing; run again, it changes nothing."""

    help = "Bring the database up to date, and make the rows every installation needs: a team, the first release, the periodic jobs."

    def handle(self, *_args: object, **_options: object) -> None:
        """Make them."""
        call_command("migrate", verbosity=0, interactive=False)
        first_rows.ensure()
        database_role.grant()
        self.stderr.write("Ready: a team, the first release and the periodic jobs are there.")
