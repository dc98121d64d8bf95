"""One simulator, put together: its rooms, its routes, its start and its end."""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simulator import page
from simulator.control import routes
from simulator.control.looks import Looks
from simulator.control.orders import Orders
from simulator.http.guard import refusal
from simulator.http.messages import Request, Response
from simulator.http.routing import Router
from simulator.http.server import Server
from simulator.linkedin import authorize as linkedin_authorize
from simulator.linkedin import hooks, pages
from simulator.linkedin.api import Api as LinkedInApi
from simulator.linkedin.control import Control as LinkedInControl
from simulator.partner import books, partners
from simulator.partner.control import Control as PartnerControl
from simulator.scripted import script
from simulator.scripted.player import Player
from simulator.store import Store, Transaction
from simulator.tiktok import api, apps, authorize, delivery
from simulator.tiktok.api import Api
from simulator.tiktok.authorize import Authorize
from simulator.webhooks.outbox import Webhook
from simulator.webhooks.sender import Outgoing, Senders
from simulator.world import World

DATABASE = "simulator.sqlite3"
EVERY_ADDRESS = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - compared, not bound


class Simulator:
    """The running platform. Port 0 takes a free one; OSError when the port is taken."""

    def __init__(self, *, host: str, port: int, data: Path, config: Mapping[str, Any] | None = None) -> None:
        stopping = threading.Event()
        # The port is taken before the file is opened: a second copy must not touch the first one's data.
        self._server = Server((host, port), answer=self._answer, stopping=stopping)
        self.host, self.port, self.data = host, self._server.server_port, data
        try:
            store = Store(data / DATABASE)
            senders = Senders(store, self._prepare)
            shown_host = "127.0.0.1" if host in EVERY_ADDRESS else host
            self.base_url = f"http://{shown_host}:{self.port}"
            self.world = World(store=store, senders=senders, base_url=self.base_url, stopping=stopping)
            self.player = Player(self.world, script.load_all())
            self._configure(config or {})
        except BaseException:
            self._server.server_close()
            raise
        self._api = Api(self.world)
        self._linkedin = LinkedInApi(self.world)
        self._challenger = hooks.Challenger(self.world)
        self._router = self._routes()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Listen and play, in threads of their own."""
        self.world.senders.start(self.world)
        self.player.start()
        self._challenger.start()
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="server", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """End within a second; what was not delivered waits in the file."""
        self.world.stopping.set()
        self.world.senders.stop()
        self.world.store.bell.ring()
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join(timeout=1)
        self._server.server_close()
        self.world.store.close()

    def _configure(self, config: Mapping[str, Any]) -> None:
        self.world.knobs.change(config.get("settings", {}))
        self.player.change(config.get("scripted", {}))
        with self.world.store.transaction() as transaction:
            apps.load(transaction, config.get("apps", []), self.world.knobs.now)
            books.load(transaction, config.get("partners", []))
            pages.load(transaction, config.get("linkedin", []), self.world.knobs.now)

    def _routes(self) -> Router:
        router = Router()
        routes.add(router, Orders(self.world, self.player), Looks(self.world, self.player))
        pages = Authorize(self.world)
        for path in (authorize.PATH, f"{authorize.PATH}/"):
            router.add("GET", path, pages.show)
            router.add("POST", path, pages.decide)
        inbox = partners.Inbox(self.world)
        router.add("POST", partners.PATH, inbox.take)
        router.add("GET", partners.FILE, inbox.picture)
        router.add("POST", books.PATH, books.Desk(self.world).answer)
        PartnerControl(self.world).add(router)
        LinkedInControl(self.world, self._challenger).add(router)
        members = linkedin_authorize.Authorize(self.world)
        router.add("GET", linkedin_authorize.PATH, members.show)
        router.add("POST", linkedin_authorize.PATH, members.decide)
        router.add("GET", "/linkedin", page.linkedin)
        router.add("GET", "/partners", page.partners)
        router.add("GET", "/orders", page.orders)
        router.add("GET", "/", page.index)
        router.add("GET", "/static/{name}", page.static)
        router.add("GET", "/media/sticker/{name}", page.sticker)
        router.add("GET", "/media/avatar/{name}", page.avatar)
        return router

    def _answer(self, request: Request) -> Response:
        if request.path.startswith(api.BASE):
            return self._api.answer(request)
        if self._linkedin.is_asked(request):
            return self._linkedin.answer(request)
        refused = refusal(request)
        return self._router.answer(request) if refused is None else refused

    def _prepare(self, transaction: Transaction, webhook: Webhook, signed_at: int) -> Outgoing | None:
        """Whoever posts a webhook signs it in its own way."""
        if webhook.event_type == partners.EVENTS:
            return partners.prepare(transaction, webhook, signed_at)
        if webhook.event_type == pages.EVENT_TYPE:
            return hooks.prepare(transaction, webhook, retry_seconds=self.world.knobs.now.linkedin_retry_seconds)
        return delivery.prepare(transaction, webhook, signed_at)
