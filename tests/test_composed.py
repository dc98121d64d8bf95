"""Production's processes by the commands and health checks of docker-compose.yml, on a PostgreSQL and a Redis; no container."""

import json
import os
import time
from collections.abc import Iterator
from functools import partial
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
import redis

from drill import wire
from integrations import standard_webhooks
from tests import environment
from tests.composed import HOST, LASTING, START_SECONDS, Composed, running
from tests.integrations.events import SECRET, created
from tests.outside import listening
from tests.waiting import wait_until

pytestmark = pytest.mark.services
# As nginx says it.
FORWARDED = {"Host": HOST, "X-Forwarded-Proto": "https"}
END_SECONDS = 60


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


def test_a_message_is_followed_by_one_id_from_the_door_to_the_send(product: Composed, partner: str) -> None:
    added = product.run(
        *("setup", "python", "manage.py", "account", "add", "--platform", "events", "--name", "Partner"),
        *("--external-id", "partner", "--api-base", partner, "--secret", SECRET),
    )
    assert added.returncode == 0, added.stderr
    address = f"http://127.0.0.1:{product.ports['ingest']}/webhooks/events/{json.loads(added.stdout)['public_id']}"
    body, request_id = created(), "0123456789abcdef0123456789abcdef"
    wait_until(partial(product.is_well, "ingest"), seconds=START_SECONDS, what="ingest to be well")

    signed = standard_webhooks.signed([SECRET], id="evt-1", at=int(time.time()), body=body)
    headers = signed | FORWARDED | {"X-Request-ID": request_id, "Content-Type": "application/json"}
    answer = wire.post(address, content=body, headers=headers)

    assert (answer.status_code, answer.headers["X-Request-ID"]) == (200, request_id)
    stages = {"integrations.services.ingest", "agent.services.turns", "integrations.services.sending"}
    wait_until(lambda: stages <= told_of(product, request_id), seconds=START_SECONDS, what="each stage's line")


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
