"""``manage.py serve``: pages and websockets of production, with limits to what a socket's frame and a request may weigh."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from core import memory
from core.terminal import OwnCommand
from supportagent.asgi import application
from supportagent.embedded.server import EmbeddedServer


class Command(OwnCommand):
    """Daphne alone reads a frame of any size into memory before anybody is asked."""

    help = "Serve pages and websockets until SIGTERM; webhooks and REST are served by granian beside it."

    def add_arguments(self, parser: CommandParser) -> None:
        """``--host`` and ``--port``."""
        parser.add_argument("--host", default="127.0.0.1", help="the address to listen at (127.0.0.1)")
        parser.add_argument("--port", type=int, default=8000, help="the port to listen at (8000)")

    def handle(self, *_args: object, host: str, port: int, **_options: Any) -> None:
        """Serve."""
        memory.be_sparing()
        server = EmbeddedServer(
            application, host=host, port=port, when_listening=lambda: self.tell(f"Listening at {host}:{port}.")
        )
        server.run()
        if server.could_not_listen:
            raise CommandError(f"Cannot listen at {host}:{port}: {server.could_not_listen}")
