"""Settings, from the environment and from ``var/env``. Every variable is described in .env.example.

A variable that is missing or malformed stops the start here: Celery and WSGI run no system checks.
"""

from typing import Any
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.http.request import validate_host

from integrations.crypto import KeyRing, KeyRingError
from integrations.exact.regions import REGIONS
from integrations.rules.signing_in import SESSION_LASTS
from portal import environment
from portal.environment import Environment, Malformed

# --- Where we are -------------------------------------------------------------------------------------------

BASE_DIR = environment.base_directory()
VAR_DIR = environment.var_directory()
env = Environment.with_file(VAR_DIR / "env")

DEBUG = env.read("DEBUG", environment.flag, default=False, mend="Set it to on or off; off in production.")
HOST = env.read("HOST", environment.host, default="127.0.0.1", mend="Set the address that the web server binds.")
PORT = env.read("PORT", environment.port, default=8000, mend="Set the port that the web server binds, such as 8000.")

# --- Secrets ------------------------------------------------------------------------------------------------


def _key_ring(text: str) -> KeyRing:
    try:
        return KeyRing.parse(text)
    except KeyRingError as error:
        raise Malformed(str(error)) from None


SECRET_KEY = env.read(
    "SECRET_KEY",
    environment.secret_key,
    mend="`make run` makes one and keeps it in var/env; elsewhere set 50 or more random characters.",
)
PORTAL_KEYS = env.read(
    "PORTAL_KEYS",
    _key_ring,
    mend="`make run` makes one and keeps it in var/env; elsewhere set id:base64 of 32 random bytes, such as "
    'the output of: echo "k1:$(openssl rand -base64 32)"',
)

# --- Addresses ----------------------------------------------------------------------------------------------

PUBLIC_URL = env.read(
    "PUBLIC_URL",
    environment.base_url,
    default=f"http://127.0.0.1:{PORT}",
    mend="Set the address that browsers use, such as https://portal.example.com.",
)
_public = urlsplit(PUBLIC_URL)
_public_host = _public.netloc.removesuffix(f":{_public.port}")
BEHIND_TLS = _public.scheme == "https"
ALLOWED_HOSTS = env.read(
    "ALLOWED_HOSTS",
    environment.hosts,
    default=sorted({_public_host, "127.0.0.1", "localhost", "[::1]"}),
    mend="Set the host names that the portal answers to, separated by commas.",
)
if not validate_host(_public_host, ALLOWED_HOSTS):
    raise ImproperlyConfigured("ALLOWED_HOSTS lacks the host of PUBLIC_URL: every page would be refused. Add it.")
TRUSTED_PROXIES = env.read(
    "TRUSTED_PROXIES",
    environment.networks,
    default=[],
    mend="Set the addresses or networks of your reverse proxies, separated by commas, such as 10.0.0.5,192.168.0.0/24.",
)
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

# --- Exact Online: the real one, or the practice one --------------------------------------------------------

SANDBOX = env.read(
    "SANDBOX",
    environment.flag,
    default=False,
    mend="Set it to on to practise against the local Exact, or to off.",
)
SANDBOX_PORTS = {region.code: PORT + 101 + place for place, region in enumerate(REGIONS)}


def _exact_origin(code: str, published: str) -> str:
    name = f"EXACT_{code.upper()}_URL"
    mend = f"Set the address of another Exact, such as http://127.0.0.1:9000, or remove {name}."
    override: str | None = env.read(name, environment.base_url, default=None, mend=mend)
    if override is None:
        return f"http://127.0.0.1:{SANDBOX_PORTS[code]}" if SANDBOX else published
    if not SANDBOX and not DEBUG:
        raise ImproperlyConfigured(f"{name} is accepted with SANDBOX=on or DEBUG=on only. Remove {name}.")
    if override.startswith("http://") and not environment.loopback(override):
        raise ImproperlyConfigured(f"{name} is plain http to another machine. Use https, or a loopback address.")
    return override


EXACT_ORIGINS = {region.code: _exact_origin(region.code, region.origin) for region in REGIONS}

LOCAL_SANDBOXES = {
    code: port for code, port in SANDBOX_PORTS.items() if SANDBOX and EXACT_ORIGINS[code] == f"http://127.0.0.1:{port}"
}

# --- Applications and pages ---------------------------------------------------------------------------------

INSTALLED_APPS = [
    "portal.apps.PortalAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "csp",
    "integrations.apps.IntegrationsConfig",
]
MIDDLEWARE = [
    "csp.middleware.CSPMiddleware",
    "integrations.middleware.ResponseHeaders",
    "integrations.middleware.NotAllowedPage",
    "integrations.middleware.KnownMethods",
    "integrations.middleware.TrustedProxies",
    "django.middleware.security.SecurityMiddleware",
    "integrations.middleware.PublicHost",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "integrations.middleware.OrganizationTimeZone",
    "integrations.middleware.SessionUse",
]
ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            "builtins": ["integrations.templatetags.portal"],
        },
    },
]

# --- Database, cache, mail ----------------------------------------------------------------------------------

DATABASES: dict[str, dict[str, Any]] = {
    "default": env.read(
        "DATABASE_URL",
        environment.database,
        default={"ENGINE": "django.db.backends.sqlite3", "NAME": str(VAR_DIR / "portal.sqlite3")},
        mend="Set postgres://user:password@host:5432/name, or sqlite:////absolute/path.",
    )
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # One writer at a time, which waits its turn; FULL because a lost commit could be a lost refresh token.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
    }
else:
    DATABASES["default"].setdefault("CONN_MAX_AGE", 60)
    DATABASES["default"].setdefault("CONN_HEALTH_CHECKS", True)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    "default": env.read(
        "CACHE_URL",
        environment.cache,
        default={"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "portal_cache"},
        mend="Set redis://host:6379/1, or leave it out for the database.",
    )
}
vars().update(
    env.read(
        "EMAIL_URL",
        environment.email,
        default=environment.email("consolemail://"),
        mend="Set smtp+tls://user:password@host:587, or leave it out to write mails to the log.",
    )
)

# --- Celery -------------------------------------------------------------------------------------------------

CELERY_BROKER_URL = env.read(
    "CELERY_BROKER_URL",
    environment.broker,
    default="atomicfs://",
    mend="Set redis://host:6379/0 or amqp://user:password@host//, or leave it out to use files in var/broker.",
)
BROKER_DIR = VAR_DIR / "broker"
TOKEN_JOURNAL_DIR = env.read(
    "TOKEN_JOURNAL_DIR",
    environment.folder,
    default=VAR_DIR / "tokens",
    mend="Set a folder on a disk that survives a crash of the database.",
)

TOKEN_DEADLINE_SECONDS = env.read(
    "TOKEN_DEADLINE_SECONDS",
    environment.seconds,
    default=20.0,
    mend="Set the seconds that a token request may take, from 1 to 60.",
)
TOKEN_LEASE_SECONDS = env.read(
    "TOKEN_LEASE_SECONDS",
    environment.seconds,
    default=30.0,
    mend="Set more seconds than TOKEN_DEADLINE_SECONDS, 60 at most.",
)
if TOKEN_LEASE_SECONDS <= TOKEN_DEADLINE_SECONDS:
    raise ImproperlyConfigured(
        "TOKEN_LEASE_SECONDS is not above TOKEN_DEADLINE_SECONDS: two processes could ask for one token at once."
    )

# --- One installation ---------------------------------------------------------------------------------------

INSTALLATION_FILE = VAR_DIR / "installation"
INSTALLATION_ID = env.read(
    "INSTALLATION_ID",
    environment.installation_id,
    default="",
    mend="Set 8 to 64 letters and digits, the same on every host of this installation and on no other; "
    "leave it out to use the one in var/installation.",
) or environment.kept_installation_id(INSTALLATION_FILE)
STANDBY = env.read(
    "STANDBY",
    environment.flag,
    default=False,
    mend="Set it to on where this portal must ask nothing of Exact, whatever the database says; else to off.",
)
HEARTBEAT_URL = env.read(
    "HEARTBEAT_URL",
    environment.monitor_url,
    default="",
    mend="Set the address that your monitor expects a sign of life at, or leave it out.",
)

# --- Staff and sessions -------------------------------------------------------------------------------------

AUTH_USER_MODEL = "integrations.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "integrations.services.passwords.NotTooLong"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
SESSION_ENGINE = "integrations.services.sessions"
SESSION_COOKIE_AGE = int(SESSION_LASTS.total_seconds())
SESSION_COOKIE_NAME = "__Host-portal_session" if BEHIND_TLS else "portal_session"
CSRF_COOKIE_NAME = "__Host-portal_csrf" if BEHIND_TLS else "portal_csrf"
BROWSER_COOKIE_NAME = "__Host-portal_browser" if BEHIND_TLS else "portal_browser"
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_TLS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "integrations.views.errors.csrf_failure"

# --- Headers ------------------------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY: dict[str, Any] = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"  # Django's CSRF check needs a referrer within the portal
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_SSL_REDIRECT = BEHIND_TLS
SECURE_SSL_HOST = _public.netloc if BEHIND_TLS else None
SECURE_REDIRECT_EXEMPT = [r"^health/"]  # monitors ask the web process itself, without TLS
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if BEHIND_TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = BEHIND_TLS

# --- Bounds of a request ------------------------------------------------------------------------------------

DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

# --- Static files, language, time ---------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
LANGUAGE_CODE = "en-gb"
USE_I18N = False
TIME_ZONE = "UTC"
USE_TZ = True

# --- Logs and error reports ---------------------------------------------------------------------------------

DEFAULT_EXCEPTION_REPORTER = "portal.error_reports.Reporter"
DEFAULT_EXCEPTION_REPORTER_FILTER = "portal.error_reports.Filter"
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        # At DEBUG these write client secrets and tokens.
        "requests_oauthlib": {"level": "INFO"},
        "oauthlib": {"level": "INFO"},
        # And this one the whole of HEARTBEAT_URL.
        "urllib3.connectionpool": {"level": "INFO"},
        "django.server": {"handlers": ["console"], "level": "INFO", "propagate": False},
    },
}
