"""The rows of the tools, so that each has its switch in the admin."""

from agent.models import Tool


def ensure_tools() -> None:
    """Make the rows that are missing. What needs an address or rows of its own waits for them; leads are switched on by hand."""
    for name in Tool.Name.values:
        Tool.objects.get_or_create(name=name, defaults={"is_enabled": name != Tool.Name.LEAD})
