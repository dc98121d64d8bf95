"""The threaded server: HTTP/1.1 with keep-alive, and answers that break on purpose."""

import logging
import socket
import struct
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from simulator.http.messages import Delivery, Request, Response, text_response

logger = logging.getLogger(__name__)

MAX_BODY = 8 * 1024 * 1024

Answer = Callable[[Request], Response]


class Server(ThreadingHTTPServer):
    """Listens, one thread a connection; nobody waits for open connections when it ends."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 256
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], *, answer: Answer, stopping: threading.Event) -> None:
        self.answer = answer
        self.stopping = stopping
        super().__init__(address, _Connection)

    def server_bind(self) -> None:
        """Bind without the reverse name look-up of the standard library, which can take seconds."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = (str(self.server_address[0]), int(self.server_address[1]))

    def handle_error(self, _request: object, client_address: object) -> None:
        """A caller that hung up is no news."""
        logger.debug("A connection from %s broke", client_address)


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "nginx"
    sys_version = ""
    disable_nagle_algorithm = True
    timeout = 120
    wbufsize = -1
    server: Server

    def do_GET(self) -> None:
        self._handle()

    do_POST = do_DELETE = do_PUT = do_PATCH = do_HEAD = do_OPTIONS = do_GET  # noqa: N815 - the base names them

    def log_message(self, *args: object) -> None:
        """The truth log says what happened; paths may carry an app secret."""

    def _handle(self) -> None:
        try:
            length = int(self.headers.get("Content-Length") or 0)
        except ValueError:
            length = -1
        if length < 0 or self.headers.get("Transfer-Encoding"):
            self.close_connection = True
            self._write(text_response("A Content-Length is needed.", status=411))
            return
        if length > MAX_BODY:
            self.close_connection = True
            self._write(text_response("The body is too large.", status=413))
            return
        body = self.rfile.read(length) if length else b""
        if len(body) < length:
            self.close_connection = True
            return
        target = urlsplit(self.path)
        request = Request(
            method=self.command,
            path=target.path,
            query=dict(parse_qsl(target.query, keep_blank_values=True)),
            headers=self.headers,
            body=body,
        )
        try:
            response = self.server.answer(request)
        except Exception:  # the connection's edge: the caller gets an answer, the log the reason
            if not self.server.stopping.is_set():
                logger.exception("Could not answer %s %s", self.command, target.path)
            response = text_response("Internal error", status=500)
        self._deliver(response)

    def _deliver(self, response: Response) -> None:
        match response.delivery:
            case Delivery.WHOLE:
                self._write(response)
            case Delivery.HALF:
                self.close_connection = True
                self._write(response, half=True)
            case Delivery.SILENT:
                self.close_connection = True
                self.server.stopping.wait(response.hold)
            case Delivery.RESET:
                self.close_connection = True
                # Lingering for zero seconds makes the close a reset instead of an orderly end.
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()

    def _write(self, response: Response, *, half: bool = False) -> None:
        self.send_response(response.status)
        self.send_header("Content-Type", response.content_type)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if response.stream is not None:
            self.close_connection = True
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.flush()
            for piece in response.stream:
                self.wfile.write(piece)
                self.wfile.flush()
            return
        self.send_header("Content-Length", str(len(response.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body[: len(response.body) // 2] if half else response.body)
        self.wfile.flush()
