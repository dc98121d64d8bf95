"""The bot, account by account: where it answers, and the switch for one account or for all at once."""

import uuid

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from core.exceptions import NotAllowed
from core.models import User
from integrations import accounts
from integrations.models import PlatformAccount
from workspace.operations.views import back, for_operators, person

DEEDS = {"pause": False, "resume": True}
ALL = "all"


@require_POST
@for_operators
def switch_bot(request: HttpRequest) -> HttpResponse:
    """Pause or resume the bot on one account, or on all: ``deed`` is "pause" or "resume", a colon, and the account's id or "all"."""
    deed, _colon, which = request.POST.get("deed", "").partition(":")
    if deed not in DEEDS or not (which == ALL or _is_id(which)):
        raise BadRequest(_("Choose what to do: pause the bot, or let it answer again."))
    try:
        said = _switch(which, person(request), enabled=DEEDS[deed], reason=request.POST.get("reason", ""))
    except NotAllowed as problem:
        return back(request, problem=problem)
    messages.success(request, said)
    return back(request)


def _switch(which: str, user: User, *, enabled: bool, reason: str) -> str:
    """Do it, and say what was done."""
    if which != ALL:
        account = get_object_or_404(PlatformAccount.objects.receiving(), public_id=which)
        accounts.set_bot(account, user, enabled=enabled, reason=reason)
        words = (
            _("The bot answers again on %(name)s.") if enabled else _("The bot is paused on %(name)s: people answer.")
        )
        return words % {"name": account.name}
    number = accounts.set_bot_everywhere(user, enabled=enabled, reason=reason)
    if not number:
        return _("The bot answers on every account already.") if enabled else _("The bot is paused everywhere already.")
    words = (
        ngettext(
            "The bot answers again on %(number)d account.", "The bot answers again on %(number)d accounts.", number
        )
        if enabled
        else ngettext(
            "The bot is paused on %(number)d account: people answer.",
            "The bot is paused on %(number)d accounts: people answer.",
            number,
        )
    )
    return words % {"number": number}


def _is_id(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
