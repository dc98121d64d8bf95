"""What all websockets have in common: what a page may send down one is text that holds JSON, and not without end."""

import time
from typing import Any

from channels.generic.websocket import AsyncJsonWebsocketConsumer

NOT_TEXT = 1003
TOO_MANY_FRAMES = 1008
# A page tells of each key that begins or ends typing and of each heartbeat: some a second at most.
FRAMES_AT_ONCE, FRAMES_A_SECOND = 120, 20


class FrameBudget:
    """A token bucket: so many frames at once, and so many a second after that."""

    __slots__ = ("_filled_at", "_tokens")

    def __init__(self) -> None:
        self._tokens = float(FRAMES_AT_ONCE)
        self._filled_at = time.monotonic()

    def spend(self) -> bool:
        """Take a token for one frame; False where none is left."""
        now = time.monotonic()
        self._tokens = min(FRAMES_AT_ONCE, self._tokens + (now - self._filled_at) * FRAMES_A_SECOND)
        self._filled_at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class PageSocket(AsyncJsonWebsocketConsumer):  # type: ignore[misc]
    """A socket of a page. A frame of bytes closes it; one that is no JSON counts as None, which nobody listens to.

    Whoever sends more frames than a page would is closed with 1008, and what still comes is not looked at.
    """

    is_flooded: bool = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._budget = FrameBudget()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None, **kwargs: Any) -> None:
        """Take a frame."""
        if self.is_flooded:
            return
        if not self._budget.spend():
            self.is_flooded = True
            await self.close(TOO_MANY_FRAMES)
        elif text_data is None:
            await self.close(NOT_TEXT)
        else:
            await super().receive(text_data=text_data, **kwargs)

    @classmethod
    async def decode_json(cls, text_data: str) -> Any:
        """What the frame says; None where it is no JSON, or is nested beyond reason."""
        try:
            return await super().decode_json(text_data)
        except (ValueError, RecursionError):
            return None
