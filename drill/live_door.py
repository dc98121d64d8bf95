"""The ASGI door of a mutant: the product's own, changed before it takes its first request."""

import os

from drill import mutant
from supportagent.asgi import application

__all__ = ["application"]

mutant.apply(os.environ["DRILL_MUTANT"])
