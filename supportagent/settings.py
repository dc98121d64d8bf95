"""Every setting, from the environment; .env.example names each variable.

Without DATABASE_URL and REDIS_URL this is the embedded default: SQLite, everything in one process, secrets of its own
under VAR_DIR. With them it is production, and nothing is guessed.
"""

import re
import sys
from pathlib import Path
from typing import Any

from django.urls import reverse_lazy

from supportagent import admin_look, api_document, content_policy, logs, request_chain
from supportagent import secrets as own_secrets
from supportagent.databases import POSTGRES_ENGINE, SQLITE_ENGINE, SQLITE_OPTIONS
from supportagent.environment import HOST_NAMES, HOSTS_AND_PORTS, MODELS, ORIGINS, SECONDS, Environment, either

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment()
ENV_FILE = env.add_file("ENV_FILE", default=BASE_DIR / ".env")
# Each may come as NAME_FILE instead: a file that holds it.
env.add_secret_files(
    (
        "DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "CELERY_BROKER_URL", "SECRET_KEY", "SECRET_KEY_FALLBACKS", "FIELD_ENCRYPTION_KEYS",
        "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "COMPATIBLE_API_KEY", "TIKTOK_CLIENT_SECRET", "LINKEDIN_CLIENT_SECRET", "EGRESS_PROXY",
    )
)  # fmt: skip

# --- Where things lie, and in which shape this runs -----------------------------------------------------------------

VAR_DIR = Path(env.text("VAR_DIR") or BASE_DIR / "var").resolve()
EMBEDDED = not env.text("DATABASE_URL") and not env.text("REDIS_URL")
DEMO = env.switch("DEMO", default=EMBEDDED)
DEBUG = env.switch("DEBUG", default=False)
HOST = env.text("HOST", default="127.0.0.1")
PORT = env.whole_number("PORT", default=8000, least=1, most=65535)
SIM_PORT = env.whole_number("SIM_PORT", default=PORT + 1, least=1, most=65535)
PUBLIC_URL = env.address(
    "PUBLIC_URL",
    default=f"http://{'localhost' if HOST in ('127.0.0.1', '0.0.0.0') else HOST}:{PORT}",  # noqa: S104  (as it is shown)
)
PROCESS_KIND = env.text("PROCESS_KIND", default="web", choices=("web", "worker"))

# --- Secrets ---------------------------------------------------------------------------------------------------------

OWN_SECRETS = own_secrets.load_or_create(VAR_DIR) if EMBEDDED or DEMO else {}
SECRET_KEY = env.text("SECRET_KEY", default=OWN_SECRETS["SECRET_KEY"] if EMBEDDED else "")
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS", default=[])
FIELD_ENCRYPTION_KEYS = env.words(
    "FIELD_ENCRYPTION_KEYS", default=[OWN_SECRETS["FIELD_ENCRYPTION_KEY"]] if EMBEDDED else []
)

# --- Who may talk to us ----------------------------------------------------------------------------------------------

# On loopback only loopback's names are answered to, so that no web page reaches this by a name of its own.
LOOPBACK_HOSTS = ["localhost", ".localhost", "127.0.0.1", "[::1]"]
ALLOWED_HOSTS = env.words(
    "ALLOWED_HOSTS",
    default=[] if not EMBEDDED else LOOPBACK_HOSTS if HOST in ("127.0.0.1", "::1", "localhost") else ["*"],
    of=HOST_NAMES,
)
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS", default=[] if EMBEDDED else [PUBLIC_URL], of=ORIGINS)
HTTPS = env.switch("HTTPS", default=not EMBEDDED)
TRUSTED_PROXIES = env.whole_number("TRUSTED_PROXIES", default=0 if EMBEDDED else 1)
EGRESS_ALLOW = env.words(
    "EGRESS_ALLOW",
    default=["127.0.0.1:*", "localhost:*"] if EMBEDDED else [],
    of=HOSTS_AND_PORTS,
    may_be_empty=True,
)
EGRESS_PROXY = env.address("EGRESS_PROXY", schemes=("http", "https"))

INSTALLED_APPS = [
    "daphne",
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_celery_beat",
    "django_htmx",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "core",
    "conversations",
    "integrations",
    "agent",
    "analytics",
    "workspace",
    "privacy",
    "supportagent.apps.SupportAgentConfig",
]

MIDDLEWARE = request_chain.MIDDLEWARE
ROOT_URLCONF = "supportagent.urls"
ASGI_APPLICATION = "supportagent.asgi.application"
WSGI_APPLICATION = "supportagent.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
APPEND_SLASH = True

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": request_chain.CONTEXT_PROCESSORS},
    }
]

# --- Database --------------------------------------------------------------------------------------------------------

RUNTIME_DATABASE = env.database("DATABASE_URL", otherwise=VAR_DIR / "db.sqlite3")
# Whose tables they are. Whatever answers anybody is connected as the other role, also where it is told of the owner.
OWNERS_COMMANDS = {"setup", "migrate", "backup", "restore"}
DATABASE_OWNER_URL = env.text("DATABASE_OWNER_URL") if OWNERS_COMMANDS & set(sys.argv[1:2]) else ""
_DATABASE = env.database("DATABASE_OWNER_URL", otherwise=VAR_DIR) if DATABASE_OWNER_URL else RUNTIME_DATABASE
DATABASES: dict[str, dict[str, Any]] = {"default": dict(_DATABASE)}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # Each thread gives its connection back at once; the engine keeps them for all.
    DATABASES["default"] |= {"ENGINE": SQLITE_ENGINE, "OPTIONS": SQLITE_OPTIONS, "CONN_MAX_AGE": 0}
    DATABASES["default"]["TEST"] = {"NAME": str(VAR_DIR / "test.sqlite3")}
else:
    DATABASES["default"]["ENGINE"] = POSTGRES_ENGINE
    DATABASES["default"]["CONN_MAX_AGE"] = env.whole_number("CONN_MAX_AGE", default=60)
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    DATABASES["default"]["OPTIONS"] = {
        "connect_timeout": 3 if PROCESS_KIND == "worker" else 2,
        "options": (
            f"-c statement_timeout={60_000 if PROCESS_KIND == 'worker' else 10_000} "
            "-c lock_timeout=3000 -c idle_in_transaction_session_timeout=30000"
        ),
    }

# --- Broker, channel layer, cache ------------------------------------------------------------------------------------

REDIS_URL = env.address("REDIS_URL", schemes=("redis", "rediss", "unix"))
# The parts have databases of their own, so a database number in the address is left out.
_REDIS_BASE = re.sub(r"/\d*$", "", REDIS_URL)
CELERY_BROKER_URL = env.address(
    "CELERY_BROKER_URL", schemes=("redis", "rediss", "sentinel", "amqp", "amqps", "memory")
) or (f"{_REDIS_BASE}/0" if REDIS_URL else "memory://localhost/")
# Whoever rings has a customer or a platform waiting: one try, and not long. Workers wait for the broker instead.
BROKER_OPTIONS_OF_RINGERS: dict[str, Any] = {"socket_timeout": 1, "socket_connect_timeout": 1, "max_retries": 0}
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = (
    {
        "visibility_timeout": 600,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "socket_keepalive": True,
        "health_check_interval": 15,
        "global_keyprefix": "sa:",
        **({} if PROCESS_KIND == "worker" else BROKER_OPTIONS_OF_RINGERS),
    }
    if REDIS_URL
    else {"polling_interval": 0.02}
)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = False
CELERY_TASK_SOFT_TIME_LIMIT = 90
CELERY_TASK_TIME_LIMIT = 120
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 20
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = CELERY_BROKER_CHANNEL_ERROR_RETRY = True
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"

CHANNEL_LAYERS: dict[str, dict[str, Any]] = {
    "default": (
        {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [f"{_REDIS_BASE}/2"], "prefix": "sa"},
        }
        if REDIS_URL
        else {"BACKEND": "supportagent.layers.ThreadsafeInMemoryChannelLayer", "CONFIG": {"capacity": 5000}}
    )
}
CACHES: dict[str, dict[str, Any]] = {
    "default": (
        {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": f"{_REDIS_BASE}/1", "KEY_PREFIX": "sa"}
        if REDIS_URL
        else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    )
}
LIVE_INTERVAL_SECONDS = 0.1

# --- Work in the background ------------------------------------------------------------------------------------------

MODEL_CHAIN = env.words("MODEL_CHAIN", default=[], of=MODELS)
_HANDS = 4 if EMBEDDED or all(each.endswith("embedded") for each in MODEL_CHAIN) else 8  # who asks a model is idle
CELERY_WORKER_CONCURRENCY = WORK_THREADS = env.whole_number("WORK_THREADS", default=_HANDS, least=1, most=1000)
# Of them, and of a Celery worker's hands: so many sends of one account at a time, for its platform may be slow.
SENDS_PER_ACCOUNT = env.whole_number("SENDS_PER_ACCOUNT", default=max(1, WORK_THREADS // 2), least=1, most=1000)
SWEEP_INTERVAL_SECONDS = 1.0
TURN_LEASE_SECONDS = env.number("TURN_LEASE_SECONDS", default=20.0)
SEND_LEASE_SECONDS = env.number("SEND_LEASE_SECONDS", default=30.0)
PLATFORM_CALL_SECONDS = env.number("PLATFORM_CALL_SECONDS", default=10.0)
RECONCILE_AFTER_SECONDS = [
    float(seconds) for seconds in env.words("RECONCILE_AFTER_SECONDS", default=("1", "5", "15"), of=SECONDS)
]
RECONCILE_GIVE_UP_SECONDS = env.number("RECONCILE_GIVE_UP_SECONDS", default=60.0)
STALL_SECONDS = 60
TASK_LIMIT_SECONDS = 120
# Labelled suites of others' that `manage.py evaluate` finds by name.
EVAL_DATA_DIR: str = env.text("EVAL_DATA_DIR")

# --- Operations --------------------------------------------------------------------------------------------------------

VERSION = env.text("VERSION", default="0.1.0")
# Whether the page of operations may start a drill: it takes about one processor and 700 MB while it runs.
DRILL_BUTTON = env.switch("DRILL_BUTTON", default=EMBEDDED or DEMO or DEBUG)
DRILL_SECONDS_AT_MOST = 300
# What Python is told to run; nothing of this environment reaches it.
DRILL_COMMAND = "-m drill faults --only F01 --seconds 10 --customers 6"
# Where a drill's product dies by itself: only in tests.
CRASH_POINTS = env.switch("CRASH_POINTS", default=False)
CRASH_AT = env.text("CRASH_AT")

# --- People ----------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "core.User"
AUTHENTICATION_BACKENDS = ["core.backends.PolicyBackend", "allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = reverse_lazy("account_login")
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_ADAPTER = "supportagent.accounts.StaffAccountAdapter"
ACCOUNT_EMAIL_VERIFICATION = "none"
# How long one stays signed in is the same for everybody: see the sessions below.
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_REDIRECT_URL = "/accounts/login/"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_RATE_LIMITS = {"login_failed": "5/15m/key,50/15m/ip", "login": "60/m/ip"}
MFA_ADAPTER = "supportagent.accounts.StaffFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
# Accounts are made by an admin and no mail is sent, so no address is ever verified.
MFA_ALLOW_UNVERIFIED_EMAIL = True
STAFF_ROLES = ("admin", "supervisor", "agent", "prompt-editor", "viewer")
TWO_FACTOR_ROLES = env.words(
    "TWO_FACTOR_ROLES",
    default=[] if DEMO else ["admin", "supervisor", "prompt-editor"],
    of=either(*STAFF_ROLES),
    may_be_empty=True,
)
FOUR_EYES = env.switch("FOUR_EYES", default=not DEMO)

# --- Data rights: files that staff take out, and how many days each kind of row stays (0: for ever) -------------------

DATA_RIGHTS_LEASE_SECONDS = env.number("DATA_RIGHTS_LEASE_SECONDS", default=120.0)
EXPORTS_PER_HOUR = env.whole_number("EXPORTS_PER_HOUR", default=5, least=1)
RETENTION_DAYS = {
    "messages": env.whole_number("RETENTION_MESSAGES_DAYS", default=365, least=0),
    "events": env.whole_number("RETENTION_EVENTS_DAYS", default=30, least=0),
    "traces": env.whole_number("RETENTION_TRACES_DAYS", default=90, least=0),
    "audit": env.whole_number("RETENTION_AUDIT_DAYS", default=730, least=0),
}

# --- REST ------------------------------------------------------------------------------------------------------------

REST_FRAMEWORK = request_chain.REST
# By one API key, or one person.
API_CALLS_PER_MINUTE = env.whole_number("API_CALLS_PER_MINUTE", default=600, least=1)
SPECTACULAR_SETTINGS = api_document.SETTINGS
# What `manage.py up` reads of one request, and for how long; in production nginx in front has the same limits.
REQUEST_MAX_BYTES = 11 * 1024 * 1024
REQUEST_READ_SECONDS = env.number("REQUEST_READ_SECONDS", default=20.0)
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200

# --- Files and pages -------------------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = VAR_DIR / "media"
EXPORTS_ROOT = VAR_DIR / "exports"
# Files as they lie in the source, without collectstatic before.
STATIC_FROM_SOURCE = env.switch("STATIC_FROM_SOURCE", default=EMBEDDED)
WHITENOISE_USE_FINDERS = STATIC_FROM_SOURCE
STATIC_ROOT = env.text("STATIC_ROOT") or (None if STATIC_FROM_SOURCE else str(VAR_DIR / "static"))
STORAGES = {
    # Customers' pictures.
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"file_permissions_mode": 0o600, "directory_permissions_mode": 0o700},
    },
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if STATIC_FROM_SOURCE
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
# What staff read is in English alone; another language would only come from libraries, in the midst of it.
LANGUAGES = [("en", "English")]
LANGUAGE_CODE = "en"
USE_I18N = True
USE_TZ = True
FORMAT_MODULE_PATH = ["supportagent.formats"]
TIME_ZONE = "UTC"
LOCALE_PATHS = [BASE_DIR / "locale"]

# --- Headers and cookies ---------------------------------------------------------------------------------------------

SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^health/", r"^webhooks/"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SESSION_COOKIE_NAME = "__Host-sessionid" if HTTPS else "sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken" if HTTPS else "csrftoken"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_AGE = 12 * 3600
SESSION_IDLE_SECONDS = 60 * env.whole_number("SESSION_IDLE_MINUTES", default=30, least=1, most=720)
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"  # not in a cookie of its own
CONTENT_SECURITY_POLICY = {"DIRECTIVES": content_policy.STRICT}
UNFOLD = admin_look.UNFOLD

# --- Models ----------------------------------------------------------------------------------------------------------

# The second encoder, for English: a little surer, at some milliseconds and 90 MB of memory.
ENGLISH_ENCODER = env.switch("ENGLISH_ENCODER", default=True)
OPENAI_API_KEY = env.text("OPENAI_API_KEY")
OPENAI_BASE_URL = env.address("OPENAI_BASE_URL")
ANTHROPIC_API_KEY = env.text("ANTHROPIC_API_KEY")
ANTHROPIC_BASE_URL = env.address("ANTHROPIC_BASE_URL")
COMPATIBLE_API_KEY = env.text("COMPATIBLE_API_KEY")
COMPATIBLE_BASE_URL = env.address("COMPATIBLE_BASE_URL")
TURN_DEADLINE_SECONDS = env.number("TURN_DEADLINE_SECONDS", default=25.0)
# What reads voice notes and pictures, and how long a customer's answer waits for that; empty: nothing leaves, nobody waits.
TRANSCRIPTION_MODEL = env.model("TRANSCRIPTION_MODEL", providers=("openai", "compatible"))
DESCRIPTION_MODEL = env.model("DESCRIPTION_MODEL", providers=("openai", "anthropic", "compatible"))
TRANSCRIPTION_DOLLARS_PER_MINUTE = env.number("TRANSCRIPTION_DOLLARS_PER_MINUTE", default=0.006, may_be_zero=True)
READING_WAIT_SECONDS = env.whole_number("READING_WAIT_SECONDS", default=15, most=40)
SPEND_CAP_DOLLARS_PER_DAY = env.number("SPEND_CAP_DOLLARS_PER_DAY", default=20.0, may_be_zero=True)
BUSINESS_NAME = env.text("BUSINESS_NAME", default="Support")
MFA_TOTP_ISSUER = BUSINESS_NAME

# --- Service targets: minutes until a person should have answered, by priority --------------------------------------

RESPONSE_TARGET_MINUTES = {
    "first": env.whole_number("RESPONSE_TARGET_FIRST_MINUTES", default=5, least=1),
    "high": env.whole_number("RESPONSE_TARGET_HIGH_MINUTES", default=15, least=1),
    "normal": env.whole_number("RESPONSE_TARGET_NORMAL_MINUTES", default=60, least=1),
    "low": env.whole_number("RESPONSE_TARGET_LOW_MINUTES", default=240, least=1),
}

# --- Platforms -------------------------------------------------------------------------------------------------------

TIKTOK_API_BASE = env.address("TIKTOK_API_BASE", default="https://business-api.tiktok.com/open_api/v1.3")
# The app's key and secret may also stand here: then the door judges signatures even if the database was never reached.
TIKTOK_CLIENT_KEY = env.text("TIKTOK_CLIENT_KEY")
TIKTOK_CLIENT_SECRET = env.text("TIKTOK_CLIENT_SECRET")
TIKTOK_AUTH_BASE = env.address("TIKTOK_AUTH_BASE", default="https://www.tiktok.com")
TIKTOK_RATE_LIMIT = env.whole_number("TIKTOK_RATE_LIMIT", default=60, least=1)
EVENTS_RATE_LIMIT = env.whole_number("EVENTS_RATE_LIMIT", default=300, least=1)
LINKEDIN_API_BASE = env.address("LINKEDIN_API_BASE", default="https://api.linkedin.com")
LINKEDIN_AUTH_BASE = env.address("LINKEDIN_AUTH_BASE", default="https://www.linkedin.com")
LINKEDIN_CLIENT_ID = env.text("LINKEDIN_CLIENT_ID")
LINKEDIN_CLIENT_SECRET = env.text("LINKEDIN_CLIENT_SECRET")
LINKEDIN_APPLICATION_ID = env.text("LINKEDIN_APPLICATION_ID")
LINKEDIN_RATE_LIMIT = env.whole_number("LINKEDIN_RATE_LIMIT", default=100, least=1)
LINKEDIN_VERSION = env.text("LINKEDIN_VERSION", default="202606")
READ_BACK_MINUTES = env.whole_number("READ_BACK_MINUTES", default=10, least=0)
# From one address; a demo is tried from one machine, again and again.
CHAT_SESSIONS_PER_TEN_MINUTES = env.whole_number(
    "CHAT_SESSIONS_PER_TEN_MINUTES", default=100 if EMBEDDED else 5, least=1
)
WEBHOOK_MAX_BYTES = 256 * 1024
WEBHOOK_READ_SECONDS = min(10.0, REQUEST_READ_SECONDS)
# How often the bot answers one conversation in a minute; what comes faster is answered together.
BOT_TURNS_PER_MINUTE = env.whole_number("BOT_TURNS_PER_MINUTE", default=6, least=1, most=100_000)

# --- Logs ------------------------------------------------------------------------------------------------------------

LOG_FORMAT = env.text("LOG_FORMAT", default="plain" if EMBEDDED else "json", choices=("plain", "json"))
LOG_LEVEL = env.text("LOG_LEVEL", default="INFO", choices=("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"))
LOGGING = logs.configuration(style=LOG_FORMAT, level=LOG_LEVEL)
