"""Whether the process of this container is well; exit 0 if it is.

    python deploy/healthcheck.py web /health/ready      the web process answers
    python deploy/healthcheck.py process sweeper        the process wrote a sign of life within the last 30 seconds

Without Django, since it is asked every few seconds.
"""

import http.client
import os
import socket
import sys
from pathlib import Path

import psycopg

PORT = 8000
SILENCE_SECONDS = 30
SIGN_OF_LIFE = """
    SELECT max(at) > statement_timestamp() - make_interval(secs => %s)
    FROM core_workerheartbeat WHERE process LIKE %s
"""


def main(what: str, name: str) -> int:
    """0 if it is well, 1 if not."""
    try:
        return 0 if (web_answers(name) if what == "web" else shows_life(name)) else 1
    except (OSError, psycopg.Error) as error:
        print(error, file=sys.stderr)
        return 1


def web_answers(path: str) -> bool:
    """Ask as the proxy would: by a name that is answered to, and as having come by https."""
    host = os.environ.get("ALLOWED_HOSTS", "").split(",")[0].strip().lstrip("*.") or "localhost"
    connection = http.client.HTTPConnection("127.0.0.1", int(os.environ.get("PORT", PORT)), timeout=4)
    try:
        connection.request("GET", path, headers={"Host": host, "X-Forwarded-Proto": "https"})
        return connection.getresponse().status == 200
    finally:
        connection.close()


def database_address() -> str:
    """From the variable, or from the file that it may lie in."""
    return os.environ.get("DATABASE_URL") or Path(os.environ["DATABASE_URL_FILE"]).read_text().strip()


def shows_life(kind: str) -> bool:
    """Whether a process of this kind on this host beat lately, by the database's clock."""
    with psycopg.connect(database_address(), connect_timeout=3) as connection:
        row = connection.execute(SIGN_OF_LIFE, (SILENCE_SECONDS, f"{kind}:{socket.gethostname()[:40]}:%")).fetchone()
    return bool(row and row[0])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
