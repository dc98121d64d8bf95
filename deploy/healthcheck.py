"""Whether the web process of this container answers; exit 0 if it does. Standard library only.

    python deploy/healthcheck.py [path, /health/live by default]
"""

import http.client
import os
import sys

PORT = 8000


def main() -> int:
    """Ask as the proxy would: by a name that is answered to, and as having come by https."""
    path = sys.argv[1] if len(sys.argv) > 1 else "/health/live"
    host = os.environ.get("ALLOWED_HOSTS", "localhost").split(",")[0].strip().lstrip("*.") or "localhost"
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=4)
    try:
        connection.request("GET", path, headers={"Host": host, "X-Forwarded-Proto": "https"})
        return 0 if connection.getresponse().status == 200 else 1
    except OSError:
        return 1
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
