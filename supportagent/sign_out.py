"""The page that signs out; apart from the adapters, which the library's views themselves load."""

from typing import Any

from allauth.account.views import LogoutView
from django.http import HttpResponse


class SignOut(LogoutView):  # type: ignore[misc]
    """The library's, after which a browser that others use keeps nothing of what was shown in it."""

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        """Sign out."""
        response: HttpResponse = super().post(*args, **kwargs)
        # Not "cookies": that would take those of every product on the domain, and what the sign-in page is about to set.
        response.headers["Clear-Site-Data"] = '"cache", "storage"'
        return response
