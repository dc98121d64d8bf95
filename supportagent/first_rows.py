"""The rows that every installation has, demo or not."""

from agent.releases.first import ensure_first_release
from agent.tools.first import ensure_tools
from core.models import Team
from supportagent import periodic

DEFAULT_TEAM = "Support"


def ensure() -> None:
    """Make what is missing: a team, the first release, the tools, the periodic jobs. Run again, it changes nothing."""
    if not Team.objects.exists():
        Team.objects.create(name=DEFAULT_TEAM)
    ensure_first_release()
    ensure_tools()
    periodic.ensure()
