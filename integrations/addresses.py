"""Where this product is reached, as it tells its platforms."""

from urllib.parse import quote

from django.conf import settings

from integrations.models import PlatformAccount

EVERYWHERE = ("0.0.0.0", "::", "localhost")  # noqa: S104 - compared, not bound


def local() -> str:
    """The base under which this machine itself reaches it, where the simulator is."""
    host = "127.0.0.1" if settings.HOST in EVERYWHERE else settings.HOST
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.PORT}"


def webhook(account: PlatformAccount, *, base: str = "") -> str:
    """Where the account's events come in: each app of LinkedIn's and each signed webhook has an address of its own."""
    common = f"{(base or settings.PUBLIC_URL).rstrip('/')}/webhooks/{account.door}"
    if account.door in {PlatformAccount.Platform.EVENTS, PlatformAccount.Platform.LINKEDIN}:
        # Where all of LinkedIn's apps knock, a challenge names none of them, and only one could be answered.
        return f"{common}/{quote(account.scope, safe='')}"
    return common


def told_to_platform(account: PlatformAccount) -> str:
    """The same as the account's own platform can reach it."""
    return webhook(account, base=local() if account.options.get("simulated") else "")


def leads_here(address: str, account: PlatformAccount) -> bool:
    """Whether what comes to this address comes in for the account: at the one of its app, or at the platform's common one."""
    own = told_to_platform(account)
    return address.rstrip("/") in {own, own.removesuffix(f"/{quote(account.scope, safe='')}")}
