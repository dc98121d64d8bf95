"""``manage.py rehearse``: the scripted conversations, played on an installation that nobody uses."""

import json
import sys
from time import monotonic

from django.core.management.base import CommandError, CommandParser

from agent import tasks
from core.terminal import OwnCommand
from integrations.models import PlatformAccount
from supportagent.rehearsal.script import ScriptError, load_all
from supportagent.rehearsal.stage import rehearse

IN_USE = (
    "Somebody uses this installation: what is played here would stand among its customers' conversations. Rehearse on "
    "a new one: `manage.py evaluate conversations` makes one and forgets it."
)


class Command(OwnCommand):
    """Plays each dialogue with the live release, and tells what did not go by its script. Exits with 1 if something did not."""

    help = "Play the scripted conversations and judge them by how they end. For an installation without accounts."

    def add_arguments(self, parser: CommandParser) -> None:
        """``--json``."""
        parser.add_argument("--json", action="store_true", help="the findings as one JSON object")

    def handle(self, *_args: object, **options: object) -> None:
        """Play, and tell."""
        if PlatformAccount.objects.exists():
            raise CommandError(IN_USE)
        try:
            dialogues = load_all()
        except ScriptError as problem:
            raise CommandError(str(problem)) from problem
        account = PlatformAccount.objects.create(
            platform=PlatformAccount.Platform.WEBCHAT, name="Rehearsal", external_id="rehearsal", takes_files=True
        )
        begun = monotonic()
        faults = {dialogue.name: rehearse(dialogue, account, tasks.run_turn) for dialogue in dialogues}
        missed = {name: found for name, found in faults.items() if found}
        if options["json"]:
            self.stdout.write(json.dumps({"conversations": len(faults), "missed": missed}))
            return
        for name, found in missed.items():
            self.stdout.write("\n".join((name, *(f"  {fault}" for fault in found))))
        went = len(faults) - len(missed)
        self.stdout.write(f"{went} of {len(faults)} conversations went by their script ({monotonic() - begun:.0f} s).")
        if missed:
            sys.exit(1)
