"""The portal's settings for tests: made-up keys, a place of its own, and whatever database make chose."""

import base64
import hashlib
import os
import tempfile

os.environ.setdefault("VAR_DIR", tempfile.mkdtemp(prefix="portal-tests-"))
for name, value in {
    "SECRET_KEY": base64.b64encode(hashlib.sha512(b"tests").digest()).decode("ascii"),
    "PORTAL_KEYS": f"t1:{base64.b64encode(hashlib.sha256(b'tests').digest()).decode('ascii')}",
    "PUBLIC_URL": "http://testserver",
    "SANDBOX": "on",
    "INSTALLATION_ID": "tests-installation",
    "STANDBY": "off",
    "HEARTBEAT_URL": "",
    "EMAIL_URL": "memorymail://",
    "DATABASE_URL": os.environ.get("TEST_DATABASE_URL", ""),
    "CELERY_BROKER_URL": os.environ.get("TEST_REDIS_URL", ""),
}.items():
    os.environ[name] = value

from portal.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STATIC_ROOT.mkdir(exist_ok=True)  # noqa: F405
STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"  # noqa: F405
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = True
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):  # noqa: F405
    # A file, as in production: threads and processes share it, which a database in memory does not allow.
    DATABASES["default"]["TEST"] = {"NAME": str(VAR_DIR / "test.sqlite3")}  # noqa: F405
