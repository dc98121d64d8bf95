"""The page on which one plays a customer, its files, and the pictures it shows."""

from pathlib import Path

from simulator.http.messages import Request, Response, json_response
from simulator.tiktok import pictures

STATIC = Path(__file__).with_name("static")
CONTENT_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'"
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
KEPT = {"Cache-Control": "public, max-age=86400"}


def index(_request: Request) -> Response:
    """The page itself."""
    return _page("index.html")


def linkedin(_request: Request) -> Response:
    """The page on which one plays somebody who comments on LinkedIn."""
    return _page("linkedin.html")


def partners(_request: Request) -> Response:
    """The page on which one plays a partner's customer, and sees what partners take."""
    return _page("partners.html")


def orders(_request: Request) -> Response:
    """The page of partners' order systems: their books, and what they were asked."""
    return _page("orders.html")


def _page(name: str) -> Response:
    return Response(body=(STATIC / name).read_bytes(), content_type="text/html; charset=utf-8", headers=HEADERS)


def static(_request: Request, name: str) -> Response:
    """One of the page's files."""
    path = STATIC / name
    if path.parent != STATIC or path.suffix not in CONTENT_TYPES or not path.is_file():
        return json_response({"error": "There is no such file."}, status=404)
    return Response(body=path.read_bytes(), content_type=CONTENT_TYPES[path.suffix], headers=HEADERS)


def sticker(_request: Request, name: str) -> Response:
    """A sticker, as PNG."""
    stem = name.removesuffix(".png")
    if stem not in pictures.STICKERS:
        return json_response({"error": "There is no such sticker."}, status=404)
    return Response(body=pictures.sticker(stem), content_type="image/png", headers=KEPT)


def avatar(_request: Request, name: str) -> Response:
    """A profile image, as PNG."""
    stem = name.removesuffix(".png")
    if not stem.isascii() or not stem.isdigit() or len(stem) > 9:
        return json_response({"error": "There is no such picture."}, status=404)
    return Response(body=pictures.avatar(int(stem)), content_type="image/png", headers=KEPT)
