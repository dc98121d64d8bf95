"""``manage.py knowledge``: articles from files."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from agent.exceptions import AgentError
from agent.knowledge.files import KINDS_IN_WORDS
from agent.knowledge.given import found_at
from agent.models import Article, ImportFile
from agent.releases.services import newest_draft
from agent.services import importing
from core.terminal import OwnCommand


class Command(OwnCommand):
    """Says a line for each file on standard output; words for people go to standard error."""

    help = "Import files as articles."
    orders = ("import",)

    def add_arguments(self, parser: CommandParser) -> None:
        """``import``."""
        commands = parser.add_subparsers(dest="command", required=True, metavar="|".join(self.orders))
        bring = commands.add_parser(
            "import",
            help=f"save {KINDS_IN_WORDS} as articles in a draft; a file that was imported before becomes their next version",
        )
        bring.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a file, a folder or a zip archive")
        bring.add_argument("--language", default="", help="of files that name none: two letters (the business's first)")
        bring.add_argument("--internal", action="store_true", help="for staff only: no customer is answered from them")

    def handle(self, *_args: object, command: str, **options: Any) -> None:
        """Import, and exit with 1 if a file was not imported, 2 if there is nothing to import."""
        paths: list[Path] = options["paths"]
        missing = [str(path) for path in paths if not path.exists()]
        if missing:
            raise CommandError(f"There is no file or folder {', '.join(missing)}; nothing was imported.", returncode=2)
        audience = Article.Audience.INTERNAL if options["internal"] else Article.Audience.PUBLIC
        try:
            job = importing.import_now(
                found_at(paths), None, language=options["language"], audience=audience, tell=self._say
            )
        except AgentError as problem:
            raise CommandError(str(problem), returncode=2) from problem
        counts = importing.counts_of(job)
        failed, total = counts.get(ImportFile.State.FAILED, 0), sum(counts.values())
        draft = newest_draft()
        if draft is not None and counts.get(ImportFile.State.DONE):
            self.tell(f"Draft release {draft.number} has them: look it over in the admin, and publish it there.")
        if failed:
            raise CommandError(f"{failed} of {total} files were not imported; the lines above say why.")

    def _say(self, row: ImportFile) -> None:
        self.stdout.write(f"{row.get_state_display()}: {row.name}: {row.told}")
