"""``manage.py up``: the whole product in one process, with nothing to install beside it."""

import os
import signal
import sys
import time
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError, CommandParser
from django.db import DatabaseError

from core import memory
from core.terminal import OwnCommand
from supportagent import demo
from supportagent.embedded import simulator
from supportagent.embedded.product import Product
from supportagent.embedded.starting import CannotStart, hold, require_free_port


class Command(OwnCommand):
    """Judges, prepares, starts, and serves until Ctrl-C."""

    help = "Start everything: pages, worker, sweeper, periodic jobs and the demo's simulator. Ctrl-C ends all of it."

    def add_arguments(self, parser: CommandParser) -> None:
        """``--host``, ``--port`` and ``--no-demo``."""
        parser.add_argument("--host", help="where to listen (HOST; 127.0.0.1)")
        parser.add_argument("--port", type=int, help="the port to listen on (PORT; 8000)")
        parser.add_argument(
            "--no-demo", action="store_true", help="without demo people, simulator and traffic (DEMO=0)"
        )

    def handle(self, *_args: object, **options: Any) -> None:
        """Start, serve, end."""
        self._started = time.monotonic()
        memory.be_sparing()
        _settle(host=options["host"], port=options["port"], no_demo=options["no_demo"])
        signal.signal(signal.SIGTERM, _end_early)
        try:
            self._run()
        except CannotStart as problem:
            raise CommandError(str(problem)) from None
        except KeyboardInterrupt:
            self.stderr.write("Stopped before it was ready; the next start goes on from here.")
            sys.exit(130)

    def _run(self) -> None:
        with_simulator = settings.DEMO and simulator.is_here()
        with hold(settings.VAR_DIR):
            require_free_port(settings.HOST, settings.PORT, setting="PORT")
            if with_simulator:
                if settings.SIM_PORT == settings.PORT:
                    raise CannotStart(f"PORT and SIM_PORT are both {settings.PORT}: give the simulator another port.")
                require_free_port("127.0.0.1", settings.SIM_PORT, setting="SIM_PORT")
            self._prepare()
            Product(with_simulator=with_simulator, when_ready=self._announce).run()
        with suppress(OSError):
            self.stdout.write("Ended.")

    def _prepare(self) -> None:
        try:
            call_command("setup", stderr=_Nowhere())
            if settings.DEMO and demo.is_wanted():
                call_command("demo", stdout=_Nowhere(), stderr=_Nowhere())
            if settings.DEMO:
                demo.follow_simulator()
        except DatabaseError as error:
            where = settings.DATABASES["default"]["NAME"]
            raise CannotStart(
                f"The database {where} cannot be prepared ({str(error).splitlines()[0]}): repair it, or move it away to start afresh."
            ) from error

    def _announce(self) -> None:
        url = settings.PUBLIC_URL
        lines = [("Workspace", f"{url}/workspace/"), ("Dashboard", f"{url}/dashboard/"), ("Admin", f"{url}/admin/")]
        logins = demo.logins() if settings.DEMO else []
        if logins:
            lines.append(("Web chat", f"{url}/chat/{settings.OWN_SECRETS['CHAT_PUBLIC_KEY']}/"))
        if settings.DEMO and simulator.is_here():
            simulated = f"http://localhost:{settings.SIM_PORT}"
            lines += [("TikTok simulator", f"{simulated}/"), ("LinkedIn simulator", f"{simulated}/linkedin")]
            lines += [("Simulated partners", f"{simulated}/partners"), ("Simulated orders", f"{simulated}/orders")]
        if logins:
            lines.append(("Sign in as", ", ".join(f"{name} ({role})" for name, role in logins)))
            lines.append(("Password", settings.OWN_SECRETS["DEMO_PASSWORD"]))
        lines.append(("Data", str(settings.VAR_DIR)))
        text = "\n".join(f"  {label:<18} {value}" for label, value in lines)
        took = time.monotonic() - self._started
        # A full disk under the output is no reason to end.
        with suppress(OSError):
            self.stdout.write(f"\nReady after {took:.1f} s. Ctrl-C ends it; what it knows stays.\n\n{text}\n")
            self.stdout.flush()


class _Nowhere:
    """Where a command's words go when nobody needs them."""

    def write(self, text: str) -> None:
        """Gone."""


def _settle(*, host: str | None, port: int | None, no_demo: bool) -> None:
    """Let the command line win over the environment, for everything that was worked out from it."""
    public_url_is_given = bool(os.environ.get("PUBLIC_URL"))
    if no_demo:
        settings.DEMO = False
    if host is not None:
        settings.HOST = host
        if not os.environ.get("ALLOWED_HOSTS"):
            settings.ALLOWED_HOSTS = settings.LOOPBACK_HOSTS if _is_loopback(host) else ["*"]
    if port is not None:
        settings.PORT = port
        if not os.environ.get("SIM_PORT"):
            settings.SIM_PORT = port + 1
    if (host is not None or port is not None) and not public_url_is_given:
        shown = "localhost" if _is_loopback(settings.HOST) or settings.HOST == "0.0.0.0" else settings.HOST  # noqa: S104
        settings.PUBLIC_URL = f"http://{shown}:{settings.PORT}"


def _is_loopback(host: str) -> bool:
    return host in ("127.0.0.1", "::1", "localhost")


def _end_early(*_: object) -> None:
    raise KeyboardInterrupt
