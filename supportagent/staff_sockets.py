"""Staff's sockets: opened for whoever is signed in, and closed once that is over or their rights are others.

Sockets outlive requests, and a page may never send anything. So those of a process are looked at together every five
seconds, as long as any is open. A look only reads: an open socket is nobody's doing, and keeps nobody signed in.
"""

import asyncio
import contextlib
import logging
import re
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.models import Session
from django.db import Error
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from core.models import User
from core.policy import Role
from supportagent.origins import Application, Scope
from supportagent.sessions import why_over

logger = logging.getLogger(__name__)

LOOK_SECONDS = 5.0
SIGN_IN_AGAIN = 4401
# Pages connect again after it, and are let in or refused by the rights of then.
RIGHTS_CHANGED = 4409
# What Django makes keys of; anything else in a cookie is not worth a question.
_KEY = re.compile(r"[a-z0-9]{8,40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Somebody, and what their rights hang on."""

    person: User
    role: Role | None
    team_ids: frozenset[int]

    def has_rights_of(self, other: "SignedIn") -> bool:
        """Whether both have the same role and teams."""
        return (self.role, self.team_ids) == (other.role, other.team_ids)


def signed_in(keys: Collection[str]) -> dict[str, SignedIn]:
    """By its key, who is signed in with each session; without those that are gone or over. Two queries for them all.

    A session ends as Django ends it: with its person's activity, and with the password it was begun with.
    """
    rows = Session.objects.filter(session_key__in=keys, expire_date__gt=timezone.now())
    kept = {row.session_key: row.get_decoded() for row in rows}
    ids = {data[SESSION_KEY] for data in kept.values() if SESSION_KEY in data}
    people: dict[str, User] = {}
    teams: defaultdict[str, set[int]] = defaultdict(set)
    # A row for each team that somebody is in, or one without.
    for person in User.objects.filter(pk__in=ids, is_active=True).annotate(in_team=F("teams")):
        pk = str(person.pk)
        people[pk] = person
        if person.in_team is not None:
            teams[pk].add(person.in_team)
    found = {}
    for key, data in kept.items():
        pk = data.get(SESSION_KEY, "")
        if pk in people and _holds(data, people[pk]):
            found[key] = SignedIn(person=people[pk], role=people[pk].policy_role, team_ids=frozenset(teams[pk]))
    return found


def _holds(kept: Mapping[str, Any], person: User) -> bool:
    if why_over(kept) or kept.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return False
    proof = kept.get(HASH_SESSION_KEY, "")
    hashes = (person.get_session_auth_hash(), *person.get_session_auth_fallback_hash())
    return any(constant_time_compare(proof, each) for each in hashes)


class _Line:
    """An open socket: what passes between page and consumer, until it is ended from here."""

    def __init__(self, key: str, opened_for: SignedIn, receive: Any, send: Any) -> None:
        self.key = key
        self._opened_for = opened_for
        self._receive, self._send = receive, send
        self._ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._is_closed = False

    async def receive(self) -> Any:
        """The page's next message, or that it is gone."""
        coming = asyncio.ensure_future(self._receive())
        try:
            await asyncio.wait({coming, self._ended}, return_when=asyncio.FIRST_COMPLETED)
            if not self._ended.done():
                return coming.result()
        finally:
            coming.cancel()
        return {"type": "websocket.disconnect", "code": self._ended.result()}

    async def send(self, message: dict[str, Any]) -> None:
        """Pass on; nothing after a close."""
        if self._is_closed:
            return
        self._is_closed = message["type"] == "websocket.close"
        await self._send(message)

    async def judge(self, now: SignedIn | None) -> None:
        """Close where ``now`` says that the session is over, or that its person has other rights."""
        if now is None or now.person.pk != self._opened_for.person.pk:
            await self._end(SIGN_IN_AGAIN)
        elif not now.has_rights_of(self._opened_for):
            await self._end(RIGHTS_CHANGED)

    async def _end(self, code: int) -> None:
        if not self._ended.done():
            self._ended.set_result(code)
            await self.send({"type": "websocket.close", "code": code})


class _Watch:
    """The open sockets of one event loop."""

    def __init__(self) -> None:
        self._lines: set[_Line] = set()
        self._looking: asyncio.Task[None] | None = None

    def join(self, line: _Line) -> None:
        """Look at it with the others."""
        self._lines.add(line)
        if self._looking is None:
            self._looking = asyncio.create_task(self._look_forever())

    def leave(self, line: _Line) -> None:
        """Look at it no more."""
        self._lines.discard(line)
        if not self._lines and self._looking is not None:
            self._looking.cancel()
            self._looking = None

    async def _look_forever(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self._look()
            except Error:
                logger.warning("The database did not say who is signed in; staff's sockets are looked at again.")
            except Exception:
                # Whatever it was, the next look must come.
                logger.exception("Staff's sockets could not be looked at.")

    async def _look(self) -> None:
        lines = list(self._lines)
        found = await database_sync_to_async(signed_in)({line.key for line in lines})
        for line in lines:
            # One that is just closing must not keep the others open.
            with contextlib.suppress(Exception):
                await line.judge(found.get(line.key))


_by_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, _Watch] = WeakKeyDictionary()


class SessionSocket:
    """Says whose socket it is by the session's cookie, and ends it with the session or with the rights it was opened with.

    Paths that start with one of ``judged_within`` are left alone: no cookie counts there.
    """

    def __init__(self, application: Application, *, judged_within: tuple[str, ...] = ()) -> None:
        self.application = application
        self.judged_within = judged_within

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Pass on with the person as ``user``: nobody where there is no session or it is over."""
        if scope["path"].startswith(self.judged_within):
            await self.application(scope, receive, send)
            return
        key = scope["cookies"].get(settings.SESSION_COOKIE_NAME, "")
        found = await database_sync_to_async(signed_in)([key]) if _KEY.fullmatch(key) else {}
        if key not in found:
            await self.application({**scope, "user": AnonymousUser()}, receive, send)
            return
        line = _Line(key, found[key], receive, send)
        watch = _by_loop.setdefault(asyncio.get_running_loop(), _Watch())
        watch.join(line)
        try:
            await self.application({**scope, "user": found[key].person}, line.receive, line.send)
        finally:
            watch.leave(line)
