"""LinkedIn: comments on a Page's posts, and the partners' messages."""

from integrations.platforms.linkedin.adapter import LinkedIn

__all__ = ["LinkedIn"]
