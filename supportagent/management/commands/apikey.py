"""``manage.py apikey``: keys for programs."""

import json
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.core.management.base import CommandError, CommandParser
from django.db.models import Q

from core import keys
from core.models import ApiKey, Team
from core.policy import SCOPES, Role
from core.terminal import OwnCommand


class Command(OwnCommand):
    """Answers with JSON on standard output; words for people go to standard error."""

    help = "Make, list and revoke API keys."
    orders = ("create", "list", "revoke")

    def add_arguments(self, parser: CommandParser) -> None:
        """``create``, ``list`` and ``revoke``."""
        commands = parser.add_subparsers(dest="command", required=True, metavar="|".join(self.orders))
        create = commands.add_parser("create", help="make a key; its secret is shown this once")
        create.add_argument("name_given", nargs="?", metavar="NAME", help="what the key is for")
        create.add_argument("--name", help="the same, as an option")
        create.add_argument("--role", choices=Role.values, default=Role.API_CLIENT.value)
        create.add_argument(
            "--scope", action="append", default=[], choices=sorted(SCOPES), help="for api-client; give it once for each"
        )
        create.add_argument("--team", help="bind the key to the conversations of one team, whatever its role")
        commands.add_parser("list", help="all keys, without their secrets")
        revoke = commands.add_parser("revoke", help="make a key useless, at once and for ever")
        revoke.add_argument("key", metavar="ID", help="the key's id, public id or prefix")

    def handle(self, *_args: object, command: str, **options: Any) -> None:
        """Do what was asked."""
        answer = {"create": self._create, "list": self._list, "revoke": self._revoke}[command](options)
        self.stdout.write(json.dumps(answer))

    def _create(self, options: dict[str, Any]) -> dict[str, object]:
        name = options["name"] or options["name_given"]
        if not name:
            raise CommandError("Say what the key is for: apikey create NAME.", returncode=2)
        try:
            key, secret = keys.create(
                name, role=Role(options["role"]), scopes=options["scope"], team=_team(options["team"]), by=None
            )
        except keys.KeyNotPossible as error:
            raise CommandError(str(error), returncode=2) from error
        self.stderr.write("Keep the key now: it is not shown again.")
        return {"id": key.pk, "name": key.name, "role": key.role, "scopes": key.scopes, "key": secret}

    def _list(self, options: dict[str, Any]) -> dict[str, object]:
        return {"keys": [_described(key) for key in ApiKey.objects.all()]}

    def _revoke(self, options: dict[str, Any]) -> dict[str, object]:
        key = keys.revoke(_find(options["key"]), by=None)
        self.stderr.write(f"{key.name} opens nothing any more.")
        return _described(key)


def _described(key: ApiKey) -> dict[str, object]:
    return {
        "id": key.pk,
        "public_id": str(key.public_id),
        "name": key.name,
        "role": key.role,
        "scopes": key.scopes,
        "prefix": key.prefix,
        "created_at": key.created_at.isoformat(),
        "last_used_at": key.last_used_at.isoformat() if key.last_used_at else None,
        "revoked_at": key.revoked_at.isoformat() if key.revoked_at else None,
    }


def _team(name: str | None) -> Team | None:
    if name is None:
        return None
    team = Team.objects.filter(name=name).first()
    if team is None:
        raise CommandError(f"There is no team {name!r}: make it in the admin first.")
    return team


def _find(word: str) -> ApiKey:
    names = Q(prefix=word.removeprefix("sak_")[:8])
    if word.isdigit():
        names |= Q(pk=int(word))
    with suppress(ValueError):
        names |= Q(public_id=UUID(word))
    key = ApiKey.objects.filter(names).first()
    if key is None:
        raise CommandError(f"There is no key {word!r}: see apikey list.")
    return key
