"""What all websockets have in common: what a page may send down one is text that holds JSON, and not without end."""

from typing import Any

from channels.generic.websocket import AsyncJsonWebsocketConsumer

from core.budgets import TokenBucket

NOT_TEXT = 1003
TOO_MANY_FRAMES = 1008
# A page tells of each key that begins or ends typing and of each heartbeat: some a second at most.
FRAMES_AT_ONCE, FRAMES_A_SECOND = 120, 20


def frame_budget() -> TokenBucket:
    """What a page's frames are counted against."""
    return TokenBucket(FRAMES_AT_ONCE, FRAMES_A_SECOND)


class PageSocket(AsyncJsonWebsocketConsumer):  # type: ignore[misc]
    """A socket of a page. A frame of bytes closes it; one that is no JSON counts as None, which nobody listens to.

    Whoever sends more frames than a page would is closed with 1008, and what still comes is not looked at.
    """

    is_flooded: bool = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._budget = frame_budget()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        """Serve it, and forget it however it ends: ``disconnect`` is not called where a handler fails or is cancelled."""
        try:
            return await super().__call__(scope, receive, send)
        finally:
            self.forget()

    def forget(self) -> None:
        """Let go of what this process keeps of the page. May be called twice."""

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
