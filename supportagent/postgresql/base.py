"""The database backend; Django finds it by this module's name.

Before a connection is used again in another request or task it is asked for a sign of life (CONN_HEALTH_CHECKS). Django
waits for that as long as it takes, and a server that was stopped never gives one; and it asks each time, also where the
server answered a moment ago.
"""

import math
import time

from django.db.backends.postgresql import base

from core import patience

LIFE_SIGN_SECONDS = 2.0
# What was answered so recently is a sign of life.
FRESH_SECONDS = 0.5


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's, with a limit to how long a kept connection may be silent, and no question where it has just answered."""

    _answered_at = -math.inf

    def is_usable(self) -> bool:
        """Whether the server answers on this connection, in time."""
        with patience.within(self, LIFE_SIGN_SECONDS):
            return bool(super().is_usable())

    def close_if_unusable_or_obsolete(self) -> None:
        """Between two requests or tasks: let it age."""
        if self.health_check_done and not self.errors_occurred:
            self._answered_at = time.monotonic()
        super().close_if_unusable_or_obsolete()

    def close_if_health_check_failed(self) -> None:
        """Before it is used again."""
        if time.monotonic() - self._answered_at < FRESH_SECONDS:
            self.health_check_done = True
        super().close_if_health_check_failed()
