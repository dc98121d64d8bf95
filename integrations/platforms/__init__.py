"""The platforms we speak to, by name. A platform is one row of this table; its model choice and its door name it too."""

from integrations.platforms.base import AuthorizingPlatform, Platform
from integrations.platforms.events import Events
from integrations.platforms.linkedin import LinkedIn
from integrations.platforms.tiktok import TikTok

AUTHORIZING: dict[str, AuthorizingPlatform] = {"tiktok": TikTok(), "linkedin": LinkedIn()}
"""Those whose accounts are connected by an authorise page."""
PLATFORMS: dict[str, Platform] = {**AUTHORIZING, "events": Events()}


def platform(name: str) -> Platform:
    """The platform called ``name``; KeyError where it sends and receives by itself or is not known."""
    return PLATFORMS[name]
