"""How the doors of `/api/v1/` get their addresses."""

from rest_framework.routers import SimpleRouter


class DoorRouter(SimpleRouter):
    """Addresses with and without a slash at the end: a POST must never be redirected."""

    def __init__(self) -> None:
        super().__init__()
        self.trailing_slash = "/?"
