"""What our management commands share: what goes wrong is one sentence on standard error, and what they write is private."""

import os
import re
import sys
from contextlib import suppress
from typing import NoReturn

from django.core.management.base import BaseCommand, CommandError, SystemCheckError
from django.db import DatabaseError, connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

OWNER_ONLY = 0o077
NOTHING_SET_UP = "Nothing is set up here yet: run `make run` or `manage.py setup` first."
BEHIND = "The database is of an earlier version: run `manage.py setup` to bring it up to date."


class OwnCommand(BaseCommand):
    """A command for people and programs. ``orders`` are its subcommands, where it has some.

    Exits with 2 for what was not understood and with 1, or a CommandError's own code, for what could not be done.
    """

    orders: tuple[str, ...] = ()

    def run_from_argv(self, argv: list[str]) -> None:
        """Do what the command line asks for."""
        # Databases, logs and pictures hold what customers wrote.
        os.umask(OWNER_ONLY)
        try:
            # Parsed as for a call from code, which raises where a command line would get a block of usage.
            options = vars(self.create_parser(argv[0], argv[1]).parse_args(argv[2:]))
        except CommandError as error:
            self._complain(not_understood(str(error), command=argv[1], arguments=argv[2:], orders=self.orders), code=2)
        try:
            self.execute(*options.pop("args", ()), **options)
        except SystemCheckError as error:
            self._complain(str(error), code=error.returncode)
        except CommandError as error:
            if options["traceback"]:
                raise
            self._complain(str(error), code=error.returncode)
        finally:
            connections.close_all()

    def execute(self, *args: object, **options: object) -> str | None:
        """Run; a database that is not there, empty or behind is a CommandError that says so."""
        try:
            return super().execute(*args, **options)
        except DatabaseError as error:
            sentence = what_is_wrong(error)
            if not sentence:
                raise
            raise CommandError(sentence) from error

    def tell(self, words: str) -> None:
        """Say how things stand to whoever looks on; work goes on where that cannot be written, as on a full disk."""
        with suppress(OSError):
            self.stderr.write(words)
            self.stderr.flush()

    def _complain(self, sentence: str, *, code: int) -> NoReturn:
        self.stderr.write(sentence)
        sys.exit(code)


def what_is_wrong(error: DatabaseError) -> str:
    """Why the database cannot be used, as a sentence; empty where the reason is none of the usual ones."""
    first = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".:")
    if "locked" in first:
        return "The database is busy with something else: try again in a moment."
    try:
        return what_is_missing()
    except DatabaseError:
        if connection.vendor == "sqlite":
            where = connection.settings_dict["NAME"]
            return f"The database {where} cannot be read ({first}): put a good copy of it back, or move it away to start afresh."
        return f"The database does not answer ({first}): start it, or correct DATABASE_URL."


def what_is_missing() -> str:
    """Empty if the database has everything this version needs, else what to do. DatabaseError where it cannot be asked."""
    if not MigrationRecorder(connection).applied_migrations():
        return NOTHING_SET_UP
    executor = MigrationExecutor(connection)
    return BEHIND if executor.migration_plan(executor.loader.graph.leaf_nodes()) else ""


def not_understood(message: str, *, command: str, arguments: list[str], orders: tuple[str, ...]) -> str:
    """What argparse says, as a sentence that tells what to write instead."""
    message = message.removeprefix("Error: ")
    order = arguments[0] if arguments and arguments[0] in orders else ""
    help_ = f"`manage.py {' '.join(filter(None, (command, order)))} --help` tells more."
    if orders and not order:
        given = next((word for word in arguments if not word.startswith("-")), "")
        does = f"`manage.py {command}` does not know “{given}”" if given else f"Say what `manage.py {command}` is to do"
        return f"{does}: write one of {', '.join(orders)} after it; {help_}"
    return f"{_sentence(message)}; {help_}"


def _sentence(message: str) -> str:
    for pattern, sentence in _SENTENCES:
        if found := re.fullmatch(pattern, message, re.DOTALL):
            return sentence.format(*(part.replace("'", "") for part in found.groups()))
    return f"{message[:1].upper()}{message[1:]}"


# argparse has no codes for what is wrong, only these sentences.
_SENTENCES = (
    (r"the following arguments are required: (.+)", "Still missing: {0}"),
    (r"argument (\S+): invalid choice: (.+) \(choose from (.+)\)", "{0} cannot be {1}, only one of: {2}"),
    (r"argument (\S+): expected (?:one|at least one) argument", "{0} needs a value after it"),
    (r"argument (\S+): invalid int value: (.+)", "{0} is a whole number, not {1}"),
    (r"argument (\S+): ignored explicit argument (.+)", "{0} takes no value, so leave out {1}"),
    (r"unrecognized arguments: (.+)", "There is no use for “{0}” here"),
    (r"ambiguous option: (\S+) could match (.+)", "{0} could be one of {1}: write it out"),
)
