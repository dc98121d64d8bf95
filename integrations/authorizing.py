"""Connecting accounts by a platform's own authorise page: begun by an admin, answered once, in the same session.

The page's answer proves itself by a state: 256 random bits that only the browser has, kept here as a hash.
"""

import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.urls import reverse

from conversations.types import SendOutcome
from core import audit
from core.clock import now_plus
from core.models import ApiKey, User, hash_secret
from core.policy import Action, require
from core.text import clean_text, one_line
from integrations import exceptions, keys, limits, token_health
from integrations.models import AuthorizationRequest, PlatformAccount
from integrations.platforms import AUTHORIZING
from integrations.platforms.base import AuthorizingPlatform, CallFailed, Grant, GrantedAccount, TokenPair
from integrations.services import tokens

logger = logging.getLogger(__name__)

STATE_MINUTES = 10
# Long enough that who comes back late is told so, and not that the answer was never expected.
KEPT = timedelta(days=1)
MOST_ACCOUNTS = 500
MOST_SIGNS = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What somebody wants to connect: by which app, and which account, where that is known beforehand."""

    platform: str
    client_key: str = ""
    account: PlatformAccount | None = None
    external_id: str = ""


def apps(platform: str) -> dict[str, PlatformAccount]:
    """The platform's apps whose secrets are known, by their keys: each a blank account that is not saved."""
    found: dict[str, PlatformAccount] = {}
    accounts = PlatformAccount.objects.receiving().filter(platform=platform, kind=AUTHORIZING[platform].authorized_kind)
    for account in accounts.exclude(client_key="").order_by("-pk")[:MOST_ACCOUNTS]:
        if account.secrets.get("secret"):
            found.setdefault(account.client_key, _blank(account, account.secrets["secret"]))
    for key in keys.from_environment(platform):
        found.setdefault(
            key.client_key, _blank(PlatformAccount(platform=platform, client_key=key.client_key), key.secret)
        )
    return found


def redirect_uri(platform: str) -> str:
    """Where the platform sends the browser back to, letter by letter as it must stand in the app's settings."""
    return settings.PUBLIC_URL.rstrip("/") + reverse("oauth-callback", args=[platform])


def is_elsewhere(host: str) -> bool:
    """Whether a browser at ``host`` (with or without a port) would come back to another host, where nobody is signed in."""
    return urlsplit(f"//{host}").hostname != urlsplit(settings.PUBLIC_URL).hostname


def app_of(wanted: Wanted) -> PlatformAccount:
    """The account whose app asks. Raises AppMissing and NotAuthorizable."""
    if wanted.account is not None:
        if not token_health.can_be_reconnected(wanted.account):
            raise exceptions.NotAuthorizable(wanted.account.pk)
        if wanted.account.secrets.get("secret"):
            return wanted.account
    client_key = wanted.account.client_key if wanted.account is not None else wanted.client_key
    known = apps(wanted.platform)
    found = known.get(client_key) if client_key else next(iter(known.values()), None)
    if found is None:
        names = AUTHORIZING[wanted.platform].environment or ()
        raise exceptions.AppMissing(_label(wanted.platform), " and ".join(names))
    return found


def begin(wanted: Wanted, by: User, *, session_key: str) -> str:
    """Where to send the browser. Raises NotAllowed, AuthorizationProblem, and AccountProblem for an id that is none."""
    require(by, Action.MANAGE_ACCOUNTS)
    platform, app = AUTHORIZING[wanted.platform], app_of(wanted)
    state, back = secrets.token_urlsafe(32), redirect_uri(wanted.platform)
    given = wanted.external_id.strip()
    AuthorizationRequest.objects.filter(expires_at__lt=now_plus(-KEPT)).delete()
    with transaction.atomic():
        asked = AuthorizationRequest.objects.create(
            state_hash=hash_secret(state),
            session_hash=hash_secret(session_key),
            user=by,
            platform=wanted.platform,
            client_key=app.client_key,
            account=wanted.account,
            external_id=platform.external_id(given, platform.authorized_kind) if given else "",
            redirect_uri=back,
            expires_at=now_plus(timedelta(minutes=STATE_MINUTES)),
        )
        audit.record(by, "account.authorisation_begun", wanted.account or asked, after={"platform": wanted.platform})
    return platform.authorize_url(platform.session(app), redirect_uri=back, state=state)


def address_for(platform: str, who: User | ApiKey, *, redirect_uri: str, state: str) -> str:
    """The platform's page for a client that takes the answer itself, at its own ``redirect_uri``. Raises NotAllowed and AppMissing.

    The state is the client's, and is not remembered here: who chose it knows it, and could bring an answer of their own.
    """
    require(who, Action.MANAGE_ACCOUNTS)
    app = app_of(Wanted(platform=platform))
    host = urlsplit(redirect_uri).hostname
    audit.record(who, "account.authorisation_begun", who, after={"platform": platform, "comes_back_to": host})
    authorizing = AUTHORIZING[platform]
    return authorizing.authorize_url(authorizing.session(app), redirect_uri=redirect_uri, state=state)


def finish(platform: str, answer: Mapping[str, str], by: User, *, session_key: str) -> tuple[PlatformAccount, bool]:
    """The connected account, and whether it is new, for what the browser brought back.

    Raises NotAllowed, and AuthorizationProblem: then nothing was changed, but that the state is used up.
    """
    require(by, Action.MANAGE_ACCOUNTS)
    asked = _claim(platform, answer.get("state", ""), by, session_key)
    try:
        return _finish(asked, answer, by)
    except exceptions.AuthorizationProblem as problem:
        audit.record(by, "account.authorisation_failed", asked.account or asked, reason=problem.title)
        raise


def _claim(platform: str, state: str, by: User, session_key: str) -> AuthorizationRequest:
    """What was asked, used up by this. Raises StateUnknown, StateUsed and StateExpired."""
    mine = AuthorizationRequest.objects.filter(
        state_hash=hash_secret(state), session_hash=hash_secret(session_key), user=by, platform=platform
    )
    claimed = mine.filter(used_at=None, expires_at__gt=Now()).update(used_at=Now())
    asked = mine.select_related("account").first()
    if asked is None:
        logger.warning("An answer of %s came with a state that user %d was not given.", platform, by.pk)
        raise exceptions.StateUnknown
    if claimed:
        return asked
    raise exceptions.StateUsed if asked.used_at is not None else exceptions.StateExpired(STATE_MINUTES)


def _finish(asked: AuthorizationRequest, answer: Mapping[str, str], by: User) -> tuple[PlatformAccount, bool]:
    platform, code = AUTHORIZING[asked.platform], answer.get("code", "")
    if answer.get("error"):
        raise exceptions.AccessDenied(_label(asked.platform), one_line(clean_text(answer["error"]), 60))
    if not 0 < len(code) <= MOST_SIGNS:
        raise exceptions.CodeMissing(_label(asked.platform))
    app = app_of(Wanted(platform=asked.platform, client_key=asked.client_key, account=asked.account))
    tally = limits.Tally()
    # A new account's calls are noted once it is there.
    meter: Callable[[], None] = tally if asked.account is None else limits.Meter(asked.account)
    grant = _redeem(platform, app, code, asked.redirect_uri, meter)
    if grant.missing:
        raise exceptions.PermissionsMissing(_label(asked.platform), grant.missing)
    return _keep(asked, app, grant.tokens, _meant(asked, grant, platform), by, calls=tally.made)


def _redeem(
    platform: AuthorizingPlatform, app: PlatformAccount, code: str, back: str, meter: Callable[[], None]
) -> Grant:
    session = replace(platform.session(app), access_token="", refresh_token="", meter=meter)
    try:
        return platform.redeem(session, code=code, redirect_uri=back)
    except CallFailed as failure:
        if failure.result.outcome in {SendOutcome.REFUSED, SendOutcome.REAUTH}:
            raise exceptions.CodeRefused(failure.result.evidence) from failure
        raise exceptions.PlatformAway(failure.result.evidence) from failure


def _meant(asked: AuthorizationRequest, grant: Grant, platform: AuthorizingPlatform) -> GrantedAccount:
    """The one account that is connected. Raises OtherAccount, NoAccountGiven and SeveralAccounts."""
    if not grant.accounts:
        raise exceptions.NoAccountGiven(platform.account_noun)
    wanted = asked.account.external_id if asked.account is not None else asked.external_id
    if wanted:
        for each in grant.accounts:
            if each.external_id == wanted:
                return each
        given = ", ".join(_shown(each) for each in grant.accounts[:5])
        raise exceptions.OtherAccount(asked.account.name if asked.account is not None else wanted, given)
    if len(grant.accounts) > 1:
        choices = tuple((each.external_id, each.name) for each in grant.accounts)
        raise exceptions.SeveralAccounts(platform.account_noun, choices, client_key=asked.client_key)
    return grant.accounts[0]


@transaction.atomic
def _keep(
    asked: AuthorizationRequest,
    app: PlatformAccount,
    pair: TokenPair,
    found: GrantedAccount,
    by: User,
    *,
    calls: int,
) -> tuple[PlatformAccount, bool]:
    """Make the account, or put its new tokens in the place of the old ones; it is active again, also if it was removed."""
    kept, is_new = asked.account, False
    if kept is None:
        kept, is_new = PlatformAccount.objects.get_or_create(
            platform=app.platform,
            client_key=app.client_key,
            external_id=found.external_id,
            defaults={
                "kind": app.kind,
                "name": one_line(clean_text(found.name), 120) or found.external_id[:120],
                "api_base": app.api_base,
                "auth_base": app.auth_base,
                "application_id": app.application_id,
                "options": _carried(app),
            },
        )
    account = PlatformAccount.objects.select_for_update().get(pk=kept.pk)
    if calls:
        limits.note(account.pk, calls)
    account.secrets = {"secret": app.secrets["secret"], **account.secrets}
    account.refresh_expires_at = None
    tokens.put_in(account, pair)
    account.refresh_tried_at = None
    # What the tokens before these had it told says nothing of these.
    tokens.ask_to_be_told(account)
    if account.state == PlatformAccount.State.REMOVED:
        account.state = PlatformAccount.State.ACTIVE
    if account.state == PlatformAccount.State.ACTIVE:
        account.state_reason = ""
    account.save(update_fields=[*tokens.TOKEN_FIELDS, *tokens.NOTIFIED_FIELDS, "state", "state_reason"])
    what = {"platform": account.platform, "external_id": account.external_id, "secrets": sorted(account.secrets)}
    audit.record(by, "account.connected" if is_new else "account.reauthorised", account, after=what)
    tokens.reconnected(account, by)
    transaction.on_commit(keys.forget)
    account.refresh_from_db()
    return account, is_new


def _blank(like: PlatformAccount, secret: str) -> PlatformAccount:
    """An account of the same app, without a name and without tokens."""
    return PlatformAccount(
        platform=like.platform,
        kind=AUTHORIZING[like.platform].authorized_kind,
        client_key=like.client_key,
        secrets={"secret": secret},
        api_base=like.api_base,
        auth_base=like.auth_base,
        application_id=like.application_id,
        options=_carried(like),
    )


def _carried(account: PlatformAccount) -> dict[str, object]:
    """Of an account's options, what is its app's: whether the simulator is at the other end."""
    return {name: value for name, value in account.options.items() if name == "simulated"}


def _shown(account: GrantedAccount) -> str:
    return account.name if account.name == account.external_id else f"{account.name} ({account.external_id})"


def _label(platform: str) -> str:
    return str(PlatformAccount.Platform(platform).label)
