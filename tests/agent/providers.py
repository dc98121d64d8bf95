"""A loopback server that speaks OpenAI's and Anthropic's protocols and answers what a test has scripted."""

import json
import re
import socket
import struct
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Answer:
    """One HTTP answer: a structured reply, or a status with any body.

    ``hold`` waits for the event first; with ``trickle`` the bytes come one by one until the caller has had enough.
    ``cites_all`` cites every passage that was given; ``tool`` is the tool that is called, and ``text`` is said without one.
    ``reset`` answers nothing and breaks the connection off.
    """

    reply: dict[str, Any] | None = None
    status: int = 200
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    hold: threading.Event | None = None
    cut: bool = False
    reset: bool = False
    trickle: bool = False
    cites_all: bool = False
    tool: str = "StructuredReply"
    text: str | None = None


def obeying(text: str) -> Answer:
    """What a model answers that writes what the attacker wants, and cites whatever it was given."""
    return replace(reply(text), cites_all=True)


def reply(text: str, *cited: str, needs_person: bool = False) -> Answer:
    """A structured answer."""
    return Answer(reply={"answer": text, "cited": list(cited), "needs_person": needs_person, "reason": "test"})


@dataclass
class Script:
    """The answers by provider, in order, and what was asked. The last answer is given again and again.

    ``transcription`` is OpenAI's other address; what is asked there is the form as it came.
    """

    openai: deque[Answer] = field(default_factory=deque)
    transcription: deque[Answer] = field(default_factory=deque)
    anthropic: deque[Answer] = field(default_factory=deque)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    port: int = 0
    ended: threading.Event = field(default_factory=threading.Event)

    def will(self, provider: str, answers: Sequence[Answer]) -> None:
        """Script a provider."""
        getattr(self, provider).extend(answers)

    def take(self, provider: str) -> Answer:
        """The provider's next answer."""
        line: deque[Answer] = getattr(self, provider)
        return line.popleft() if len(line) > 1 else line[0]


_PROVIDERS = {"/v1/chat/completions": "openai", "/v1/audio/transcriptions": "transcription"}
_PASSAGE = re.compile(r"\[\[[0-9a-f]+ passage ([0-9a-f-]{36})\]\]")


class _Handler(BaseHTTPRequestHandler):
    script: Script

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        provider = _PROVIDERS.get(self.path, "anthropic")
        body: dict[str, Any] = {"model": "", "form": raw} if provider == "transcription" else json.loads(raw)
        self.script.asked.append((provider, body))
        answer = self.script.take(provider)
        if answer.cites_all and answer.reply is not None:
            answer = replace(answer, reply={**answer.reply, "cited": _PASSAGE.findall(json.dumps(body))})
        if answer.hold is not None:
            answer.hold.wait(30)
        if answer.reset:
            # Without lingering, closing is a reset and no orderly end.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
            return
        content = (
            answer.body if answer.body is not None else json.dumps(_wire(provider, body["model"], answer)).encode()
        )
        try:
            self.send_response(answer.status)
            for name, value in {"Content-Type": "application/json", **answer.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if answer.trickle:
                for place in range(len(content)):
                    self.script.ended.wait(0.05)
                    self.wfile.write(content[place : place + 1])
            else:
                self.wfile.write(content)
        except OSError:
            return  # the client gave up, as a test for a timeout wants

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing is logged."""


def _wire(provider: str, model: str, answer: Answer) -> dict[str, Any]:
    if answer.status >= 400:
        return {"error": {"type": "error", "message": "scripted", "code": "scripted"}}
    if provider == "transcription":
        return {"text": answer.text}
    if provider == "openai" and answer.text is not None:
        return {
            "choices": [
                {"index": 0, "message": {"role": "assistant", "content": answer.text}, "finish_reason": "stop"}
            ],
            "usage": {"prompt_tokens": 200, "completion_tokens": 20},
        }
    if answer.text is not None:
        return {"content": [{"type": "text", "text": answer.text}], "usage": {"input_tokens": 200, "output_tokens": 20}}
    if provider == "openai":
        call = {"name": answer.tool, "arguments": json.dumps(answer.reply)}
        message = {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "c1", "type": "function", "function": call}],
        }
        return {
            "id": "x", "object": "chat.completion", "created": 1, "model": model,
            "choices": [{"index": 0, "message": message, "finish_reason": "length" if answer.cut else "tool_calls"}],
            "usage": {"prompt_tokens": 200, "completion_tokens": 20, "total_tokens": 220},
        }  # fmt: skip
    return {
        "id": "x", "type": "message", "role": "assistant", "model": model,
        "content": [{"type": "tool_use", "id": "t1", "name": answer.tool, "input": answer.reply}],
        "stop_reason": "max_tokens" if answer.cut else "tool_use", "stop_sequence": None,
        "usage": {"input_tokens": 200, "output_tokens": 20},
    }  # fmt: skip


@contextmanager
def serving() -> Iterator[Script]:
    """The server, on a free port of loopback."""
    script = Script()
    handler = type("Handler", (_Handler,), {"script": script})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    script.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield script
    finally:
        script.ended.set()
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def never_accepting() -> Iterator[int]:
    """A port of loopback at which a connection is never made, as behind a firewall that drops: its queue is full."""
    with socket.socket() as listener, ExitStack() as held:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = held.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
