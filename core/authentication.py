"""API keys at the REST door."""

import hmac
from datetime import timedelta

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from core.models import ApiKey, User, hash_secret


class ApiKeyAuthentication(BaseAuthentication):
    """``Authorization: Bearer sak_…`` or ``X-API-Key: sak_…``."""

    def authenticate(self, request: Request) -> tuple[ApiKey, str] | None:
        """The key, or None where the request carries none; AuthenticationFailed where it opens nothing."""
        secret = _presented(request)
        if secret is None:
            return None
        parts = secret.split("_", 2)
        key = ApiKey.objects.usable().filter(prefix=parts[1]).first() if len(parts) == 3 else None
        if key is None or not hmac.compare_digest(key.secret_hash, hash_secret(parts[2])):
            raise AuthenticationFailed("This API key is not valid. Make one with: python manage.py apikey create")
        if key.last_used_at is None or key.last_used_at < timezone.now() - timedelta(minutes=1):
            ApiKey.objects.filter(pk=key.pk).update(last_used_at=timezone.now())
        return key, secret

    def authenticate_header(self, request: Request) -> str:
        """What a 401 asks for."""
        return "Bearer"


def caller(request: Request) -> User | ApiKey | None:
    """Who calls, for the policy to judge; None is nobody we know. AuthenticationFailed for a key that opens nothing."""
    who: object = request.user
    return who if isinstance(who, User | ApiKey) else None


def _presented(request: Request) -> str | None:
    header = request.headers.get("Authorization", "")
    if header.startswith("Bearer sak_"):
        return header.removeprefix("Bearer ").strip()
    bare = request.headers.get("X-API-Key", "")
    return bare.strip() or None
