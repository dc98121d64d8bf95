"""The platforms we speak to, by name. A platform is one row of this table; its model choice and its door name it too."""

from integrations.platforms.base import Platform
from integrations.platforms.events import Events
from integrations.platforms.linkedin import LinkedIn
from integrations.platforms.tiktok import TikTok

PLATFORMS: dict[str, Platform] = {"tiktok": TikTok(), "linkedin": LinkedIn(), "events": Events()}


def platform(name: str) -> Platform:
    """The platform called ``name``; KeyError where it sends and receives by itself or is not known."""
    return PLATFORMS[name]
