"""``manage.py staff``: the people who work here, as far as a terminal has to know them."""

import json
from typing import Any

from django.core.management.base import CommandError, CommandParser

from core import staff
from core.models import Team, User
from core.policy import Role
from core.terminal import OwnCommand

ROLES = [role.value for role in Role if role is not Role.API_CLIENT]


class Command(OwnCommand):
    """Answers with JSON on standard output; words for people go to standard error."""

    help = "Make the first people who work here, and list them. The admin's page People does the rest."
    orders = ("add", "list")

    def add_arguments(self, parser: CommandParser) -> None:
        """``add`` and ``list``."""
        commands = parser.add_subparsers(dest="command", required=True, metavar="|".join(self.orders))
        add = commands.add_parser("add", help="make somebody; the password is shown this once")
        add.add_argument("username", help="the name to sign in with")
        add.add_argument("--role", choices=ROLES, required=True)
        add.add_argument("--email", default="")
        add.add_argument("--team", help="a team to belong to")
        commands.add_parser("list", help="everybody, with roles and teams")

    def handle(self, *_args: object, command: str, **options: Any) -> None:
        """Do what was asked."""
        answer = self._add(options) if command == "add" else self._list()
        self.stdout.write(json.dumps(answer))

    def _add(self, options: dict[str, Any]) -> dict[str, object]:
        team = Team.objects.filter(name=options["team"]).first()
        if options["team"] and team is None:
            raise CommandError(f"There is no team {options['team']!r}: make it in the admin first.")
        try:
            user, password = staff.add(
                options["username"], role=Role(options["role"]), email=options["email"], team=team
            )
        except staff.StaffNotPossible as error:
            raise CommandError(str(error), returncode=2) from error
        self.stderr.write(
            "Keep the password now: it is not shown again. Choose “Change password” once you are signed in."
        )
        return _described(user) | {"password": password}

    def _list(self) -> dict[str, object]:
        return {"staff": [_described(user) for user in User.objects.prefetch_related("teams").order_by("username")]}


def _described(user: User) -> dict[str, object]:
    return {
        "username": user.username,
        "role": user.role,
        "teams": sorted(team.name for team in user.teams.all()),
        "is_active": user.is_active,
        "is_superuser": user.is_superuser,
    }
