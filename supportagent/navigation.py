"""The way between the pages: each person sees the doors that open for them."""

from collections.abc import Iterator
from typing import TypedDict, cast

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _

from core.models import User
from core.policy import Action, allows


class Link(TypedDict):
    """One entry of the navigation."""

    label: str
    url: str
    active: bool


def navigation(request: HttpRequest) -> dict[str, list[Link]]:
    """``nav`` for templates: empty for people who are not signed in."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"nav": []}
    here = request.path_info
    return {"nav": [Link(label=label, url=url, active=here.startswith(url)) for label, url in doors(cast(User, user))]}


def doors(user: User) -> Iterator[tuple[str, str]]:
    """Name and address of every page that the person's role opens, the most important first."""
    if allows(user, Action.VIEW_TEAM_CONVERSATIONS):
        yield _("Workspace"), "/workspace/"
    if allows(user, Action.VIEW_DASHBOARD):
        yield _("Dashboard"), "/dashboard/"
    if allows(user, Action.VIEW_OPERATIONS):
        yield _("Operations"), "/operations/"
    if allows(user, Action.EDIT_KNOWLEDGE) and allows(user, Action.VIEW_ALL_CONVERSATIONS):
        yield _("Gaps"), "/knowledge/gaps/"
    if user.is_staff:
        yield _("Admin"), "/admin/"
    if settings.DEMO:
        yield _("Demo chat"), f"/chat/{settings.OWN_SECRETS['CHAT_PUBLIC_KEY']}/"
