"""TikTok's Business Messaging API: signatures, events, calls."""

from integrations.platforms.tiktok.adapter import TikTok

__all__ = ["TikTok"]
