"""The platforms we speak to, by name. A platform is one row of this table; its model choice and its door name it too."""

from integrations.platforms.base import AuthorizingPlatform, NotifyingPlatform, Platform
from integrations.platforms.events import Events
from integrations.platforms.linkedin import LinkedIn
from integrations.platforms.tiktok import TikTok

_linkedin = LinkedIn()
AUTHORIZING: dict[str, AuthorizingPlatform] = {"tiktok": TikTok(), "linkedin": _linkedin}
"""Those whose accounts are connected by an authorise page."""
NOTIFYING: dict[str, NotifyingPlatform] = {"linkedin": _linkedin}
"""Those that tell what happens only where they are asked to."""
PLATFORMS: dict[str, Platform] = {**AUTHORIZING, "events": Events()}


def platform(name: str) -> Platform:
    """The platform called ``name``; KeyError where it sends and receives by itself or is not known."""
    return PLATFORMS[name]
