"""A model provider that says what it was told to say: OpenAI's and Anthropic's protocols on loopback, in threads of ours."""

import json
import random
import re
import socket
import struct
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

THANKS = "Thank you for your message."
TOKENS_IN, TOKENS_OUT = 1_500, 500
HELD_SECONDS = 60.0
TRICKLE_SECONDS = 0.5
MODEL = "drill-model"
PROVIDERS = ("openai", "anthropic")
# A passage's block: its id, a line each for its title and its heading, and the first sentence of its text.
_PASSAGE = re.compile(r"\[\[\w+ passage ([^\]]+)\]\]\n.*\n.*\n(.+?)(?:[.!?]\s|\n|$)")
_EDITION = re.compile(r"Edition (\w+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How a call is answered. ``reply`` takes the place of the usable one, ``body`` that of the whole answer."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    reply: Mapping[str, Any] | None = None
    body: bytes | None = None
    seconds: float = 0.0
    is_cut: bool = False
    trickles: bool = False
    resets: bool = False


BEHAVIOURS: Mapping[str, Behaviour] = {
    "well": Behaviour(),
    "slow": Behaviour(seconds=1.0),
    "never": Behaviour(seconds=HELD_SECONDS),
    "trickle": Behaviour(trickles=True),
    "http_500": Behaviour(status=500),
    "http_529": Behaviour(status=529),
    "http_429": Behaviour(status=429, headers={"Retry-After": "1"}),
    "reset": Behaviour(resets=True),
    "page": Behaviour(body=b"<html>It works!</html>", headers={"Content-Type": "text/html"}),
    "empty": Behaviour(reply={"answer": "", "cited": [], "needs_person": False, "reason": ""}),
    "cut": Behaviour(is_cut=True),
    "huge": Behaviour(reply={"answer": "a" * 3_000_000, "cited": [], "needs_person": False, "reason": ""}),
    "off_schema": Behaviour(reply={"answer": THANKS, "discount": 100}),
}
FAILING = tuple(name for name in BEHAVIOURS if name not in {"well", "slow"})


class ModelServer:
    """Answers each call with one usable reply, unless told to misbehave.

    ``hold`` keeps callers waiting, ``let_go`` answers them all. ``served`` counts what was done, by provider and behaviour.
    """

    def __init__(self) -> None:
        self._free = threading.Event()
        self._free.set()
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._dice = random.Random(1)
        self._rules: dict[str, tuple[Sequence[str], float]] = {}
        self.asked = 0
        self.served: Counter[tuple[str, str]] = Counter()
        handler = type("Handler", (_Handler,), {"model": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.let_go()
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def environment(self) -> dict[str, str]:
        """What makes the product ask it, as OpenAI."""
        return {
            "MODEL_CHAIN": f"openai:{MODEL}",
            "OPENAI_API_KEY": "opens-nothing",
            "OPENAI_BASE_URL": f"{self.url}/v1",
        }

    @property
    def settings(self) -> dict[str, Any]:
        """What makes a process of the product ask it as OpenAI, and then as Anthropic."""
        return settings_of(openai=self.url, anthropic=self.url)

    def hold(self) -> None:
        """Let whoever asks wait."""
        self._free.clear()

    def let_go(self) -> None:
        """Answer everybody who waits, and whoever asks from now on."""
        self._free.set()

    def misbehave(self, *names: str, providers: Sequence[str] = PROVIDERS, share: float = 1.0) -> None:
        """Do these to a ``share`` of the calls, by dice, until told otherwise; nothing is to behave well again."""
        with self._lock:
            self._rules.update(dict.fromkeys(providers, (names, share)))

    def take(self, provider: str) -> Behaviour:
        """Note a call, wait if calls are held, and say what is to be done with it."""
        with self._lock:
            self.asked += 1
            names, share = self._rules.get(provider, ((), 0.0))
            name = self._dice.choice(self._rarest(provider, names)) if names and self._dice.random() < share else "well"
            self.served[provider, name] += 1
        self._free.wait(HELD_SECONDS)
        behaviour = BEHAVIOURS[name]
        self._ended.wait(behaviour.seconds)
        return behaviour

    def pause(self) -> bool:
        """Wait between two bytes of what trickles; False once the server ends."""
        return not self._ended.wait(TRICKLE_SECONDS)

    def _rarest(self, provider: str, names: Sequence[str]) -> list[str]:
        """Those that were done least often, so that few calls meet many kinds of failure."""
        least = min(self.served[provider, name] for name in names)
        return [name for name in names if self.served[provider, name] == least]


def settings_of(*, openai: str, anthropic: str) -> dict[str, Any]:
    """The product's settings for a chain of two models at these addresses."""
    return {
        "MODEL_CHAIN": [f"{provider}:{MODEL}" for provider in PROVIDERS],
        "OPENAI_API_KEY": "opens-nothing",
        "OPENAI_BASE_URL": f"{openai}/v1",
        "ANTHROPIC_API_KEY": "opens-nothing",
        "ANTHROPIC_BASE_URL": anthropic,
    }


class _Handler(BaseHTTPRequestHandler):
    model: ModelServer

    def do_POST(self) -> None:
        """One completion."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        provider = "openai" if self.path == "/v1/chat/completions" else "anthropic"
        behaviour = self.model.take(provider)
        # Whoever asked may have been killed, or have given up.
        with suppress(OSError):
            if behaviour.resets:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.close_connection = True
                self.connection.close()
            else:
                self._answer(behaviour, _content(provider, body, behaviour))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing is logged."""

    def _answer(self, behaviour: Behaviour, content: bytes) -> None:
        self.send_response(behaviour.status)
        for name, value in {"Content-Type": "application/json", **behaviour.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if not behaviour.trickles:
            self.wfile.write(content)
            return
        for place in range(len(content)):
            self.wfile.write(content[place : place + 1])
            if not self.model.pause():
                return


def _content(provider: str, body: dict[str, Any], behaviour: Behaviour) -> bytes:
    if behaviour.body is not None:
        return behaviour.body
    if behaviour.status >= 400:
        return b'{"error": {"type": "error", "message": "as it was told", "code": "told"}}'
    reply = behaviour.reply if behaviour.reply is not None else _reply(body)
    wire = _openai(body, reply, behaviour) if provider == "openai" else _anthropic(body, reply, behaviour)
    return json.dumps(wire).encode()


def _reply(body: dict[str, Any]) -> dict[str, Any]:
    """An answer that quotes the first passage of the request, or asks for a person where there is none.

    It names the edition that the request's instructions name, if they do.
    """
    asked = " ".join(str(message.get("content")) for message in body["messages"])
    passage = _PASSAGE.search(asked)
    if passage is None:
        return {"answer": "", "cited": [], "needs_person": True, "reason": "drill"}
    edition = _EDITION.search(f"{body.get('system', '')} {asked}")
    answer = f"{passage[2]} ({edition[0]})" if edition else passage[2]
    return {"answer": answer, "cited": [passage[1]], "needs_person": False, "reason": "drill"}


def _openai(body: dict[str, Any], reply: Mapping[str, Any], behaviour: Behaviour) -> dict[str, Any]:
    call = {"name": "StructuredReply", "arguments": json.dumps(reply)}
    message = {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "call_1", "type": "function", "function": call}],
    }
    reason = "length" if behaviour.is_cut else "tool_calls"
    return {
        "id": "drill",
        "object": "chat.completion",
        "created": 1,
        "model": body["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
        "usage": {
            "prompt_tokens": TOKENS_IN,
            "completion_tokens": TOKENS_OUT,
            "total_tokens": TOKENS_IN + TOKENS_OUT,
        },
    }


def _anthropic(body: dict[str, Any], reply: Mapping[str, Any], behaviour: Behaviour) -> dict[str, Any]:
    return {
        "id": "drill",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": [{"type": "tool_use", "id": "call_1", "name": "StructuredReply", "input": reply}],
        "stop_reason": "max_tokens" if behaviour.is_cut else "tool_use",
        "stop_sequence": None,
        "usage": {"input_tokens": TOKENS_IN, "output_tokens": TOKENS_OUT},
    }
