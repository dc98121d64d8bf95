"""What every request passes on its way in, and its answer on the way out."""

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
