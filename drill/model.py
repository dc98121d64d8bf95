"""A model provider that says what it was told to say: OpenAI's protocol on loopback, in a thread of the drill's own."""

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

ANSWER = "Thank you for asking. You find the answer in our article about this."
TOKENS_IN, TOKENS_OUT = 1_500, 500
HELD_SECONDS = 60.0
_PASSAGE = re.compile(r"\[\[\w+ passage ([^\]]+)\]\]")


class ModelServer:
    """Answers each call with one usable reply. ``hold`` keeps callers waiting, ``let_go`` answers them all."""

    def __init__(self) -> None:
        self._free = threading.Event()
        self._free.set()
        self._lock = threading.Lock()
        self.asked = 0
        handler = type("Handler", (_Handler,), {"model": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.let_go()
        self._server.shutdown()
        self._server.server_close()

    @property
    def environment(self) -> dict[str, str]:
        """What makes the product ask it."""
        return {
            "MODEL_CHAIN": "openai:drill-model",
            "OPENAI_API_KEY": "opens-nothing",
            "OPENAI_BASE_URL": f"http://127.0.0.1:{self._server.server_address[1]}/v1",
        }

    def hold(self) -> None:
        """Let whoever asks wait."""
        self._free.clear()

    def let_go(self) -> None:
        """Answer everybody who waits, and whoever asks from now on."""
        self._free.set()

    def take(self) -> None:
        """Note a call, and wait if calls are held."""
        with self._lock:
            self.asked += 1
        self._free.wait(HELD_SECONDS)


class _Handler(BaseHTTPRequestHandler):
    model: ModelServer

    def do_POST(self) -> None:
        """One completion."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.model.take()
        content = json.dumps(_completion(body)).encode()
        try:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        except OSError:
            return  # whoever asked was killed, or gave up

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing is logged."""


def _completion(body: dict[str, Any]) -> dict[str, Any]:
    """An answer that cites the first passage of the request, or asks for a person where there is none."""
    asked = " ".join(str(message.get("content")) for message in body["messages"])
    cited = _PASSAGE.findall(asked)[:1]
    reply = {"answer": ANSWER if cited else "", "cited": cited, "needs_person": not cited, "reason": "drill"}
    call = {"name": "StructuredReply", "arguments": json.dumps(reply)}
    message = {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "call_1", "type": "function", "function": call}],
    }
    return {
        "id": "drill",
        "object": "chat.completion",
        "created": 1,
        "model": body["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}],
        "usage": {
            "prompt_tokens": TOKENS_IN,
            "completion_tokens": TOKENS_OUT,
            "total_tokens": TOKENS_IN + TOKENS_OUT,
        },
    }
