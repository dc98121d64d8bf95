"""What a program gets, whatever it says it accepts."""

from collections.abc import Iterable

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class OneAnswer(DefaultContentNegotiation):
    """The one form that a door has: a 406 would help nobody, and some programs send an Accept that they do not mean."""

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        """The first there is."""
        first = next(iter(renderers))
        return first, str(first.media_type)
