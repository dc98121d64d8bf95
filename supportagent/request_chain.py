"""What every request passes on its way in, and its answer on the way out; and how those of programs are judged."""

from typing import Any

# The headers come before whatever may answer by itself, so that redirects and static files carry them too.
MIDDLEWARE = [
    "supportagent.middleware.RequestOriginMiddleware",
    "csp.middleware.CSPMiddleware",
    "supportagent.middleware.SecurityHeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "supportagent.middleware.DoorMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "supportagent.sessions.SessionLimitsMiddleware",
    "supportagent.second_factor.SecondFactorMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "supportagent.middleware.SynchronousMiddleware",
]

# What every template may name.
CONTEXT_PROCESSORS = [
    "django.template.context_processors.request",
    "django.contrib.auth.context_processors.auth",
    "django.contrib.messages.context_processors.messages",
    "supportagent.navigation.navigation",
]

REST: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "core.authentication.ApiKeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "EXCEPTION_HANDLER": "supportagent.errors.answer",
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_SCHEMA_CLASS": "core.schema.DoorSchema",
}
