"""An answer as a fault leaves it, the same for every platform."""

from dataclasses import replace

from simulator.faults import Rule
from simulator.http.messages import Delivery, Response

HTML = b"<!doctype html><title>Just a moment</title><h1>We are checking your connection</h1>"
SILENT_SECONDS = 30.0


def spoilt(response: Response, rule: Rule) -> Response:
    """The answer after this rule has struck."""
    if rule.kind.startswith("http_"):
        headers = {"Retry-After": f"{rule.seconds:.0f}"} if rule.seconds is not None else {}
        status = int(rule.kind.removeprefix("http_"))
        return Response(status=status, body=b"upstream error", content_type="text/plain", headers=headers)
    match rule.kind:
        case "timeout_after_accept":
            hold = SILENT_SECONDS if rule.seconds is None else rule.seconds
            return replace(response, delivery=Delivery.SILENT, hold=hold)
        case "reset_after_accept" | "reset_before":
            return replace(response, delivery=Delivery.RESET)
        case "half_response":
            return replace(response, delivery=Delivery.HALF)
        case "html_200":
            return Response(body=HTML, content_type="text/html; charset=utf-8")
        case _:
            return response
