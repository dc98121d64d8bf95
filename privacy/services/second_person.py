"""The two people that a person's rights need, where nobody is signed in."""

from django.conf import settings

from core.models import User
from core.policy import Action, allows
from privacy.exceptions import TwoAdminsNeeded


def two_admins(by: str, agreed_by: str) -> tuple[User | None, User | None]:
    """The admins of these user names: two different ones with FOUR_EYES, else whoever is named. Raises TwoAdminsNeeded."""
    first, second = _admin(by), _admin(agreed_by)
    if (by and first is None) or (agreed_by and second is None):
        raise TwoAdminsNeeded
    if settings.FOUR_EYES and (first is None or second is None or first == second):
        raise TwoAdminsNeeded
    return first, second


def _admin(username: str) -> User | None:
    found = User.objects.filter(username=username).first() if username else None
    return found if found is not None and allows(found, Action.ERASE_SUBJECT) else None
