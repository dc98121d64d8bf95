"""Our accounts on the platforms: added, tested, renewed, paused, removed. Secrets go in and never come out.

``by`` is who asks, judged by the policy (NotAllowed); None is whoever sits at the machine's own terminal.
"""

import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from core import audit
from core.models import ApiKey, Team, User
from core.policy import Action, require
from core.text import clean_text
from integrations import addresses, keys, limits, standard_webhooks
from integrations.exceptions import AccountProblem
from integrations.models import PlatformAccount
from integrations.new_accounts import NewAccount, judge, judge_application, judge_secret
from integrations.origins import origin_of
from integrations.platforms import PLATFORMS
from integrations.platforms.base import CallFailed, Check, Session
from integrations.services import notified, tokens

GREETING_CHARACTERS = 300
IDENTITY_SECRET_BYTES = 32
LONGEST_REASON = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How the test of an account went."""

    account: PlatformAccount
    ok: bool
    checks: tuple[Check, ...]


def _options(new: NewAccount) -> dict[str, object]:
    said = {"simulated": True} if new.simulated else {}
    return said | ({"greeting": clean_text(new.greeting)[:GREETING_CHARACTERS]} if new.greeting.strip() else {})


def add_account(new: NewAccount, by: User | ApiKey | None = None) -> PlatformAccount:
    """Add an account. Raises AccountProblem with a sentence that says what to do."""
    _allow(by, Action.MANAGE_ACCOUNTS)
    judge(new)
    platform = PLATFORMS.get(new.platform)
    kind = new.api_kind or (platform.kinds[0] if platform is not None else "")
    given = new.external_id.strip()
    account = PlatformAccount(
        platform=new.platform,
        kind=kind,
        name=new.name.strip(),
        external_id=(platform.external_id(given, kind) if platform is not None else given) or uuid.uuid4().hex,
        client_key=new.client_key.strip(),
        secrets=_secrets(new.secret, new.access_token, new.refresh_token),
        token_expires_at=_ends(new.expires_in) if new.access_token else None,
        team=_team(new.team),
        api_base=new.api_base.rstrip("/"),
        auth_base=new.auth_base.rstrip("/"),
        languages=list(new.languages),
        origins=[origin for each in new.origins if (origin := origin_of(each))],
        honours_key=new.honours_key,
        legacy_payloads=new.legacy_payloads,
        ask_name=new.ask_name,
        ask_email=new.ask_email,
        application_id=new.application_id,
        options=_options(new),
    )
    if new.legacy_secret.strip():
        account.secrets["legacy_secret"] = new.legacy_secret.strip()
    if account.door == PlatformAccount.Platform.EVENTS:
        # Nobody else gives it a secret by which its events prove themselves.
        account.secrets.setdefault(account.proof_name, standard_webhooks.new_secret())
    try:
        with transaction.atomic():
            account.save()
            audit.record(by, "account.add", account, after=_shown(account))
    except IntegrityError as error:
        raise AccountProblem(
            f"There is an account {account.external_id} of this app on {new.platform} already; see `account list`."
        ) from error
    keys.forget()
    return account


def find(reference: str) -> PlatformAccount:
    """The account with this number or public id. Raises AccountProblem."""
    accounts = PlatformAccount.objects.all()
    found = accounts.filter(pk=int(reference)).first() if reference.isascii() and reference.isdigit() else None
    if found is None:
        try:
            found = accounts.filter(public_id=uuid.UUID(reference)).first()
        except ValueError:
            found = None
    if found is None:
        raise AccountProblem(f"There is no account {reference}; see `account list`.")
    return found


def try_out(account: PlatformAccount, by: User | ApiKey | None = None) -> Verdict:
    """Try the account for real: does the platform know it, take our token, and tell us what happens?

    A working one is reconnected, and a platform that does not tell us is asked to.
    """
    _allow(by, Action.MANAGE_ACCOUNTS)
    checks = tuple(_checks(account))
    ok = all(check.ok for check in checks)
    if ok:
        tokens.reconnected(account, by)
        account.refresh_from_db()
        checks += tuple(notified.check(account))
        ok = all(check.ok for check in checks)
    audit.record(by, "account.test", account, after={"ok": ok})
    account.refresh_from_db()
    return Verdict(account=account, ok=ok, checks=checks)


@transaction.atomic
def renew_secrets(
    account: PlatformAccount,
    by: User | ApiKey | None = None,
    *,
    secret: str = "",
    access_token: str = "",
    refresh_token: str = "",
    expires_in: int = 0,
    application_id: str = "",
) -> PlatformAccount:
    """Put new secrets in the place of old ones. The app secret that was in use proves events for a while longer.

    Whether the platform tells us what happens is looked at anew.
    """
    _allow(by, Action.ROTATE_KEYS)
    account = PlatformAccount.objects.select_for_update().get(pk=account.pk)
    given = _secrets(secret, access_token, refresh_token)
    if not given and not application_id:
        raise AccountProblem("Give a secret, an access token or a refresh token.")
    if application_id:
        judge_application(account.platform, application_id)
        account.application_id = application_id
    if secret:
        judge_secret(account.platform, secret)
    old = account.secrets
    if secret and old.get("secret") not in {None, secret}:
        given["previous_secret"] = old["secret"]
    account.secrets = {**old, **given}
    if access_token:
        account.token_expires_at = _ends(expires_in)
        account.state_reason = "" if account.state == PlatformAccount.State.ACTIVE else account.state_reason
    account.refresh_expires_at = None if refresh_token else account.refresh_expires_at
    # What was refused before says nothing of what is there now.
    account.refresh_refused, account.refresh_problem = False, ""
    tokens.ask_to_be_told(account)
    account.save(update_fields=[*tokens.TOKEN_FIELDS, *tokens.NOTIFIED_FIELDS, "state_reason", "application_id"])
    said = {"application": application_id} if application_id else {}
    audit.record(by, "account.renew", account, after={"secrets": sorted(given)} | said)
    if access_token or refresh_token:
        tokens.reconnected(account, by)
    transaction.on_commit(keys.forget)
    account.refresh_from_db()
    return account


@transaction.atomic
def rotate_secret(account: PlatformAccount, by: User | ApiKey | None = None) -> PlatformAccount:
    """Give a signed webhook, or a web chat whose site says who its visitors are, another secret.

    Both the new one and the one before are valid until the old one is dropped. A web chat has none at first.
    """
    _allow(by, Action.ROTATE_KEYS)
    account = PlatformAccount.objects.select_for_update().get(pk=account.pk)
    if not makes_secrets(account):
        raise AccountProblem(
            f"{account.get_platform_display()} makes its secrets itself; put a new one in with `account renew --secret`."
        )
    if account.state == PlatformAccount.State.REMOVED:
        raise AccountProblem("The account was removed.")
    name = account.proof_name
    if account.secrets.get(f"previous_{name}"):
        raise AccountProblem(
            f"Two secrets are valid already. Drop the older one first: `account rotate {account.pk} --drop-old`."
        )
    before = {f"previous_{name}": account.secrets[name]} if account.secrets.get(name) else {}
    return _replace_secrets(account, by, "account.rotate", {**account.secrets, name: _new_secret(account), **before})


@transaction.atomic
def drop_old_secret(account: PlatformAccount, by: User | ApiKey | None = None) -> PlatformAccount:
    """Let the secret before this one prove nothing any more. Other processes learn of it within a minute."""
    _allow(by, Action.ROTATE_KEYS)
    account = PlatformAccount.objects.select_for_update().get(pk=account.pk)
    left = {name: value for name, value in account.secrets.items() if name != f"previous_{account.proof_name}"}
    if left == account.secrets:
        raise AccountProblem("There is no older secret: only one is valid.")
    return _replace_secrets(account, by, "account.drop_old_secret", left)


@transaction.atomic
def set_bot(
    account: PlatformAccount, by: User | ApiKey | None = None, *, enabled: bool, reason: str = ""
) -> PlatformAccount:
    """Let the bot answer on this account, or leave everything to people."""
    _allow(by, Action.PAUSE_BOT)
    PlatformAccount.objects.filter(pk=account.pk).update(bot_enabled=enabled)
    action = "account.resume" if enabled else "account.pause"
    audit.record(by, action, account, before={"bot": account.bot_enabled}, reason=reason)
    account.refresh_from_db()
    return account


@transaction.atomic
def set_bot_everywhere(by: User | ApiKey | None = None, *, enabled: bool, reason: str = "") -> int:
    """The same for every account on which it is otherwise; returns for how many."""
    _allow(by, Action.PAUSE_BOT)
    others = list(PlatformAccount.objects.receiving().filter(bot_enabled=not enabled).order_by("pk"))
    for account in others:
        set_bot(account, by, enabled=enabled, reason=reason)
    return len(others)


def remove(account: PlatformAccount, by: User | ApiKey | None = None) -> PlatformAccount:
    """Take nothing in and send nothing out any more. What was said stays; the secrets are gone.

    A platform that was asked to notify us is asked to end that first; where it does not, the account says so.
    """
    _allow(by, Action.MANAGE_ACCOUNTS)
    was = account.state
    left = notified.take_leave(account) if was != PlatformAccount.State.REMOVED else ""
    reason = f"Removed. {left}".strip()[:LONGEST_REASON]
    with transaction.atomic():
        PlatformAccount.objects.filter(pk=account.pk).update(
            state=PlatformAccount.State.REMOVED, state_reason=reason, secrets={}
        )
        audit.record(by, "account.remove", account, before={"state": was}, reason=left)
        transaction.on_commit(keys.forget)
    account.refresh_from_db()
    return account


def as_json(account: PlatformAccount) -> dict[str, object]:
    """What may be shown of an account."""
    shown: dict[str, object] = {
        "id": account.pk,
        "public_id": str(account.public_id),
        "platform": account.platform,
        "name": account.name,
        "external_id": account.external_id,
        "webhook_url": addresses.webhook(account),
    }
    if account.platform == PlatformAccount.Platform.WEBCHAT:
        chat = f"{settings.PUBLIC_URL}/chat/{account.public_key}"
        shown |= {"webhook_url": f"{chat}/messages", "public_key": account.public_key, "chat_url": f"{chat}/"}
    return shown


def with_secret(account: PlatformAccount) -> dict[str, object]:
    """The same with the secret that we made, for the one moment in which it is told."""
    secret = account.secrets.get(account.proof_name) if makes_secrets(account) else None
    return as_json(account) | ({"secret": secret} if secret else {})


def makes_secrets(account: PlatformAccount) -> bool:
    """Whether the secret by which others prove themselves to this account is made here."""
    return account.door in {PlatformAccount.Platform.EVENTS, PlatformAccount.Platform.WEBCHAT}


def _new_secret(account: PlatformAccount) -> str:
    is_webhook = account.door == PlatformAccount.Platform.EVENTS
    return standard_webhooks.new_secret() if is_webhook else secrets.token_urlsafe(IDENTITY_SECRET_BYTES)


def listed(account: PlatformAccount) -> dict[str, object]:
    """What a list shows of an account on top of what is always shown."""
    return as_json(account) | {
        "state": account.state,
        "state_reason": account.state_reason,
        "bot_enabled": account.bot_enabled,
        "team": account.team.name if account.team else None,
        "languages": account.languages,
    }


def _allow(by: User | ApiKey | None, action: Action) -> None:
    if by is not None:
        require(by, action)


def _replace_secrets(
    account: PlatformAccount, by: User | ApiKey | None, action: str, given: dict[str, str]
) -> PlatformAccount:
    account.secrets = given
    account.save(update_fields=["secrets", "updated_at"])
    audit.record(by, action, account, after={"secrets": sorted(given)})
    transaction.on_commit(keys.forget)
    return account


def _checks(account: PlatformAccount) -> list[Check]:
    if account.state == PlatformAccount.State.REMOVED:
        return [Check(name="account", ok=False, detail="The account was removed.")]
    platform = PLATFORMS.get(account.platform)
    if platform is None:
        return [Check(name="account", ok=True, detail="The web chat needs no other platform.")]
    wait = limits.take(account.pk, limit=limits.per_minute(platform), calls=2)
    if wait:
        return [Check(name="account", ok=False, detail=f"Too many calls just now. Try again in {wait:.0f} s.")]

    def look(session: Session) -> list[Check]:
        platform.probe(session)
        return platform.check(session)

    try:
        return tokens.call_as(account, look, paid=2)
    except CallFailed as failure:
        return [Check(name="account", ok=False, detail=str(failure))]


def _team(name: str) -> Team | None:
    if not name:
        return None
    found = Team.objects.filter(name=name).first()
    if found is None:
        raise AccountProblem(f"There is no team {name!r}.")
    return found


def _ends(expires_in: int) -> datetime | None:
    """When a token that lives so many seconds from now runs out; None where that is not known."""
    return timezone.now() + timedelta(seconds=expires_in) if expires_in > 0 else None


def _secrets(secret: str, access_token: str, refresh_token: str) -> dict[str, str]:
    given = {"secret": secret.strip(), "access_token": access_token.strip(), "refresh_token": refresh_token.strip()}
    return {name: value for name, value in given.items() if value}


def _shown(account: PlatformAccount) -> dict[str, object]:
    return {
        "platform": account.platform,
        "name": account.name,
        "external_id": account.external_id,
        "secrets": sorted(account.secrets),
    }
