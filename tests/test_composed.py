"""Production's processes by the commands and health checks of docker-compose.yml, on a PostgreSQL and a Redis; no container."""

import hashlib
import hmac
import json
import os
import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
import redis
from websockets.sync.client import connect
from websockets.typing import Origin

from drill import wire
from integrations import standard_webhooks
from tests import environment
from tests.composed import HOST, LASTING, START_SECONDS, Composed, running
from tests.integrations.events import SECRET, created
from tests.nginx import HERE, Proxy, anybody
from tests.nginx import running as running_nginx
from tests.outside import listening
from tests.waiting import wait_until

pytestmark = pytest.mark.services
# As nginx says it.
FORWARDED = {"Host": HOST, "X-Forwarded-Proto": "https"}
END_SECONDS = 60
# Who writes a line about a message on its way.
STAGES = {"integrations.services.ingest", "agent.services.turns", "integrations.services.sending"}


@pytest.fixture(scope="module")
def owner_url() -> Iterator[str]:
    """An empty database of this file's own, and who may do everything there."""
    name = f"composed_{os.getpid()}"
    with psycopg.connect(environment.DATABASE_URL, autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"'.encode())
        try:
            yield urlunsplit(urlsplit(environment.DATABASE_URL)._replace(path=f"/{name}"))
        finally:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())
            server.execute(f'DROP ROLE IF EXISTS "{name}"'.encode())


@pytest.fixture(scope="module")
def database_url(owner_url: str) -> str:
    """The same for the role that the processes have, which setup is to make."""
    at = urlsplit(owner_url)
    return urlunsplit(at._replace(netloc=f"{at.path[1:]}:only-for-the-tests@{at.hostname}:{at.port}"))


@pytest.fixture(scope="module")
def partner() -> Iterator[str]:
    """Where a partner takes replies."""
    with listening(
        lambda connection: connection.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
    ) as port:
        yield f"http://127.0.0.1:{port}/replies"


@pytest.fixture(scope="module")
def product(
    owner_url: str, database_url: str, partner: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Composed]:
    """All of it, one for this file."""
    allowed = urlsplit(partner).netloc
    folder = tmp_path_factory.mktemp("composed")
    with running(folder, database_url=database_url, owner_url=owner_url, EGRESS_ALLOW=allowed) as started:
        yield started


@pytest.fixture(scope="module")
def account(product: Composed, partner: str) -> str:
    """The path at which a partner's events are taken."""
    added = product.run(
        *("setup", "python", "manage.py", "account", "add", "--platform", "events", "--name", "Partner"),
        *("--external-id", "partner", "--api-base", partner, "--secret", SECRET, "--team", "Support"),
    )
    assert added.returncode == 0, added.stderr
    return f"/webhooks/events/{json.loads(added.stdout)['public_id']}"


@pytest.fixture(scope="module")
def nginx(product: Composed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """nginx before them."""
    with running_nginx(tmp_path_factory.mktemp("nginx"), {"ingest": HERE, "live": HERE}, product.ports) as proxy:
        yield proxy


@pytest.mark.parametrize("name", ["redis", *LASTING])
def test_each_process_is_well_by_its_own_health_check(product: Composed, name: str) -> None:
    wait_until(partial(product.is_well, name), seconds=START_SECONDS, what=f"{name} to be well")


def test_setup_may_run_again(product: Composed) -> None:
    done = product.run("setup")

    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.parametrize(
    "forbidden",
    [
        "CREATE TABLE more (id int)",
        "DROP TABLE conversations_message",
        "ALTER TABLE conversations_message ADD COLUMN more int",
        "ALTER TABLE core_auditevent DISABLE TRIGGER ALL",
        "UPDATE core_auditevent SET action = 'nothing'",
        "TRUNCATE core_auditevent",
        "DELETE FROM django_migrations",
        "CREATE ROLE another",
        "CREATE TEMPORARY TABLE more (id int)",
    ],
)
def test_the_processes_role_changes_no_table_and_not_what_was_done(
    product: Composed, database_url: str, forbidden: str
) -> None:
    assert product.running
    with psycopg.connect(database_url) as database:
        assert database.execute("SELECT count(*) FROM core_auditevent").fetchone()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            database.execute(forbidden.encode())


def test_the_owner_is_told_to_setup_alone(product: Composed) -> None:
    told = {name for name in ("setup", *LASTING) if "DATABASE_OWNER_URL_FILE" in product.environment(name)}

    assert told == {"setup"}


def test_redis_answers_nobody_without_the_password(product: Composed) -> None:
    with redis.Redis(port=product.ports["redis"]) as stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()


def test_a_worker_says_what_it_does_as_loudly_as_the_others(product: Composed) -> None:
    wait_until(
        lambda: [line for line in product.lines("worker") if line["level"] == "info"],
        seconds=START_SECONDS,
        what="a line of the worker's own",
    )


def test_a_message_is_followed_by_one_id_from_the_door_to_the_send(product: Composed, account: str) -> None:
    address = f"http://127.0.0.1:{product.ports['ingest']}{account}"
    body, request_id = created(), "0123456789abcdef0123456789abcdef"
    wait_until(partial(product.is_well, "ingest"), seconds=START_SECONDS, what="ingest to be well")

    headers = signed("evt-1", body) | FORWARDED | {"X-Request-ID": request_id}
    answer = wire.post(address, content=body, headers=headers)

    assert (answer.status_code, answer.headers["X-Request-ID"]) == (200, request_id)
    wait_until(lambda: told_of(product, request_id) >= STAGES, seconds=START_SECONDS, what="each stage's line")


def test_through_nginx_a_message_has_nginxs_id_to_its_end(product: Composed, account: str, nginx: Proxy) -> None:
    body = created("When does it arrive?", id="m-2", conversation_id="c-2")

    answer = nginx.client.post(account, content=body, headers=signed("evt-2", body) | {"Host": HOST})

    assert answer.status_code == 200
    request_id = answer.headers["X-Request-ID"]
    assert re.fullmatch("[0-9a-f]{32}", request_id)
    wait_until(lambda: told_of(product, request_id) >= STAGES, seconds=START_SECONDS, what="each stage's line")


def test_through_nginx_somebody_signs_in_and_the_page_hears_of_a_message(
    product: Composed, account: str, nginx: Proxy
) -> None:
    hired = product.run("setup", "python", "manage.py", "staff", "add", "ada", "--role", "agent", "--team", "Support")
    assert hired.returncode == 0, hired.stderr
    wait_until(partial(product.is_well, "live"), seconds=START_SECONDS, what="live to be well")
    body = created("Is anybody there?", id="m-3", conversation_id="c-3")

    cookies = sign_in(nginx, "ada", json.loads(hired.stdout)["password"])
    assert nginx.client.get("/workspace/", headers={"Host": HOST}).status_code == 200
    with connect(
        f"wss://{HOST}/ws/workspace/",
        sock=socket.create_connection((HERE, nginx.client.base_url.port or 0)),
        ssl=anybody(),
        origin=Origin(f"https://{HOST}"),
        additional_headers={"Cookie": cookies},
    ) as page:
        taken = nginx.client.post(account, content=body, headers=signed("evt-3", body) | {"Host": HOST})
        assert taken.status_code == 200
        wait_until(lambda: json.loads(page.recv(timeout=60))["type"] == "changed", what="the bell")


def sign_in(nginx: Proxy, name: str, password: str) -> str:
    """Fill in the sign-in page as a browser does behind nginx's address; the cookies of who is signed in."""
    page = nginx.client.get("/accounts/login/", headers={"Host": HOST})
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    assert token is not None, page.text
    form = {"login": name, "password": password, "csrfmiddlewaretoken": token[1]}
    headers = {"Host": HOST, "Referer": f"https://{HOST}/accounts/login/"}
    answer = nginx.client.post("/accounts/login/", data=form, headers=headers)
    assert answer.status_code == 302, answer.text
    return "; ".join(f"{cookie}={value}" for cookie, value in nginx.client.cookies.items())


def test_a_challenge_is_answered_while_the_database_takes_nobody_and_an_event_is_to_be_sent_again(
    product: Composed, account: str, partner: str, nginx: Proxy, owner_url: str
) -> None:
    added = product.run(
        *("setup", "python", "manage.py", "account", "add", "--platform", "linkedin", "--name", "Page"),
        *("--client-key", "li-app", "--external-id", "urn:li:organization:1", "--secret", "li-secret"),
        *("--access-token", "li.first", "--api-base", partner),
    )
    assert added.returncode == 0, added.stderr
    # Each of the door's processes has to have read it.
    wait_until(
        lambda: all(is_challenged(nginx) for _ in range(20)), seconds=START_SECONDS, what="the secret to be known"
    )
    body = created("Are you closed?", id="m-4", conversation_id="c-4")

    def deliver() -> int:
        headers = signed("evt-4", body) | {"Host": HOST}
        return int(nginx.client.post(account, content=body, headers=headers).status_code)

    with refusing(owner_url):
        wait_until(lambda: deliver() == 503, seconds=START_SECONDS, what="the door to say that it keeps nothing")
        assert all(is_challenged(nginx) for _ in range(10))
    wait_until(lambda: deliver() == 200, seconds=START_SECONDS, what="the door to keep it")


def is_challenged(nginx: Proxy) -> bool:
    """Whether LinkedIn's challenge is answered with the secret's HMAC."""
    code = "890e4665-4dfe-4ab1-b689-ed553bceeed0"
    answer = nginx.client.get("/webhooks/linkedin", params={"challengeCode": code}, headers={"Host": HOST})
    right = hmac.new(b"li-secret", code.encode(), hashlib.sha256).hexdigest()
    return answer.status_code == 200 and answer.json()["challengeResponse"] == right


@contextmanager
def refusing(owner_url: str) -> Iterator[None]:
    """A database that ends its sessions and takes no new one, as while its server is stopped."""
    name = urlsplit(owner_url).path[1:]
    with psycopg.connect(environment.DATABASE_URL, autocommit=True) as server:
        server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'.encode())
        try:
            server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
            yield
        finally:
            server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'.encode())


def signed(event_id: str, body: bytes) -> dict[str, str]:
    """The headers of a partner's event."""
    headers = standard_webhooks.signed([SECRET], id=event_id, at=int(time.time()), body=body)
    return headers | {"Content-Type": "application/json"}


def told_of(product: Composed, request_id: str) -> set[str]:
    """Who wrote a line about a request, in any process."""
    lines = (line for name in LASTING for line in product.lines(name))
    return {line["logger"] for line in lines if line.get("request_id") == request_id}


# The last one: nothing runs after it.
def test_each_process_ends_well_when_it_is_told_to(product: Composed) -> None:
    for name in LASTING:
        wait_until(partial(product.is_well, name), seconds=START_SECONDS, what=f"{name} to be well")

    for name in LASTING:
        product.running[name].terminate()
    ended = {name: product.running[name].wait(END_SECONDS) for name in LASTING}

    assert ended == dict.fromkeys(LASTING, 0)
    assert [product.health(name) for name in ("ingest", "live")] == [1, 1]
