#!/usr/bin/env python
"""Django's entry point."""

import os
import sys

MINIMUM, MAXIMUM = (3, 11), (3, 13)
if not MINIMUM <= sys.version_info[:2] <= MAXIMUM:
    sys.exit(
        f"This needs Python 3.11, 3.12 or 3.13, and this is {sys.version_info[0]}.{sys.version_info[1]}: "
        "start it with one of those, for example `make run PYTHON=python3.12`."
    )

from django.core.exceptions import ImproperlyConfigured  # noqa: E402  (after the version has been judged)
from django.core.management import execute_from_command_line  # noqa: E402
from django.db import DatabaseError  # noqa: E402


def main() -> None:
    """Run one management command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "supportagent.settings")
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as problem:
        sys.exit(str(problem))
    except DatabaseError as error:
        # Only now: before the settings are read there is no database to ask.
        from core.terminal import what_is_wrong  # noqa: PLC0415

        if "--traceback" in sys.argv or not (sentence := what_is_wrong(error)):
            raise
        sys.exit(sentence)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
