"""The platforms we speak to, by name."""

from integrations.platforms.base import Platform
from integrations.platforms.events import Events
from integrations.platforms.tiktok import TikTok

PLATFORMS: dict[str, Platform] = {"tiktok": TikTok(), "events": Events()}


def platform(name: str) -> Platform:
    """The platform called ``name``; KeyError where it sends and receives by itself or is not known."""
    return PLATFORMS[name]
