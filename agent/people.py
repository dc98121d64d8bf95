"""How it stands with the people who answer, as the record tells it at this moment."""

from django.utils import timezone

from agent.graph.context import Staffing
from conversations import services as conversations


class People:
    """The graph's ``Staffed``: the record's figures of this moment."""

    def staffing(self) -> Staffing:
        """How it stands with the people now."""
        found = conversations.staffing(timezone.now())
        return Staffing(
            now=found.now,
            is_open=found.is_open,
            opens=found.opens,
            closes=found.closes,
            zone=f"{found.opens:%Z}" if found.opens is not None else "",
            wait=found.wait,
        )
