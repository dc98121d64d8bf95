"""``manage.py`` of a mutant that serves pages: the product's own command, on a product changed before it serves."""

import os
import sys

import django
from django.core.management import execute_from_command_line

from drill import mutant

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "supportagent.settings")
    django.setup()
    mutant.apply(os.environ["DRILL_MUTANT"])
    execute_from_command_line(sys.argv)
