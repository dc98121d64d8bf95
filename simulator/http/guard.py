"""Who may give orders: this machine, and no foreign page in its browser."""

import ipaddress
from urllib.parse import urlsplit

from simulator.http.messages import Request, Response, json_response


def refusal(request: Request) -> Response | None:
    """The answer to a request that may not give orders, or None when it may."""
    host = request.headers.get("Host", "")
    if not _is_loopback(host):
        return json_response({"error": "Only a loopback host name is answered here."}, status=403)
    if request.method in {"GET", "HEAD"}:
        return None
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != host:
        return json_response({"error": "A page of another site may not give orders here."}, status=403)
    if request.headers.get("Sec-Fetch-Site", "none") not in {"none", "same-origin"}:
        return json_response({"error": "A page of another site may not give orders here."}, status=403)
    return None


def _is_loopback(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
