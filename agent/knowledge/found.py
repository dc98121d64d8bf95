"""What staff find in the articles, and who finds it."""

from typing import Protocol, TypedDict


class FoundForStaff(TypedDict):
    """A passage that fits, best first. ``is_internal``: it is for staff only. ``likelihood`` in [0, 1] that it answers."""

    passage: str
    article: str
    title: str
    heading: str
    text: str
    language: str
    is_internal: bool
    likelihood: float


class LooksUp(Protocol):
    """A worker's mind, as far as it is needed here."""

    def look_up(self, release_id: int, query: str) -> list[FoundForStaff]:
        """The passages of a release, internal ones too, that fit a query."""
