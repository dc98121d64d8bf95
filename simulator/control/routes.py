"""The map of ``/_sim``."""

from simulator.control.looks import Looks
from simulator.control.orders import Orders
from simulator.http.routing import Router


def add(router: Router, orders: Orders, looks: Looks) -> None:
    """Put every control path on the router."""
    for path, look in (
        ("log", looks.log),
        ("conversations", looks.conversations),
        ("apps", looks.apps),
        ("state", looks.state),
        ("faults", looks.faults),
        ("settings", looks.settings),
        ("stream", looks.stream),
    ):
        router.add("GET", f"/_sim/{path}", look)
    router.add("GET", "/_sim/conversations/{conversation_id}/messages", looks.messages)
    router.add("GET", "/_sim/media/{media_id}", looks.media)
    for path, order in (
        ("say", orders.say),
        ("colleague", orders.colleague),
        ("read", orders.read),
        ("referral", orders.referral),
        ("event", orders.event),
        ("customers", orders.customer),
        ("apps", orders.load_apps),
        ("partners", orders.load_partners),
        ("partner-says", orders.partner_says),
        ("partner-books", orders.book),
        ("tokens", orders.tokens),
        ("faults", orders.add_faults),
        ("pause", orders.pause),
        ("resume", orders.resume),
        ("hurry", orders.hurry),
        ("redeliver", orders.redeliver),
        ("settings", orders.settings),
        ("scripted", orders.scripted),
    ):
        router.add("POST", f"/_sim/{path}", order)
    router.add("DELETE", "/_sim/faults", orders.remove_faults)
    router.add("DELETE", "/_sim/faults/{rule_id}", orders.remove_faults)
