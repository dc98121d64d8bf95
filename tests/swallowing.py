"""A proxy before a product that takes what asks for a websocket and never answers it, as some networks' boxes do."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit


class Swallowing:
    """The proxy at ``url``. ``taken`` counts the handshakes it let hang; with ``is_open`` it lets them through."""

    def __init__(self, target: str) -> None:
        self._target = ("127.0.0.1", urlsplit(target).port or 80)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = []
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.taken = 0
        self.is_open = False

    def serve(self) -> None:
        """Take connections until it is closed."""
        with suppress(OSError):
            while True:
                caller, _ = self._listener.accept()
                self._sockets.append(caller)
                threading.Thread(target=self._serve_one, args=(caller,), daemon=True).start()

    def close(self) -> None:
        """End everything."""
        for each in (self._listener, *self._sockets):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _serve_one(self, caller: socket.socket) -> None:
        with suppress(OSError):
            first = caller.recv(65536)
            if b"upgrade: websocket" in first.lower() and not self.is_open:
                self.taken += 1
                return
            product = socket.create_connection(self._target, timeout=30)
            self._sockets.append(product)
            threading.Thread(target=_carry, args=(product, caller), daemon=True).start()
            product.sendall(first)
            _carry(caller, product)


def _carry(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while part := source.recv(65536):
            sink.sendall(part)
        sink.shutdown(socket.SHUT_WR)


@contextmanager
def swallowing_proxy(target: str) -> Iterator[Swallowing]:
    """Such a proxy before ``target`` until the block ends."""
    proxy = Swallowing(target)
    threading.Thread(target=proxy.serve, daemon=True).start()
    try:
        yield proxy
    finally:
        proxy.close()
