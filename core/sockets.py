"""What all websockets have in common: what a page may send down one is text that holds JSON."""

from typing import Any

from channels.generic.websocket import AsyncJsonWebsocketConsumer

NOT_TEXT = 1003


class PageSocket(AsyncJsonWebsocketConsumer):  # type: ignore[misc]
    """A socket of a page. A frame of bytes closes it; one that is no JSON counts as None, which nobody listens to."""

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None, **kwargs: Any) -> None:
        """Take a frame."""
        if text_data is None:
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
