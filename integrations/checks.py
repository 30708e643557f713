"""System checks: settings that work but are not safe. They touch neither database nor broker.

What makes a start wrong stops it in settings.py; what needs the database or the broker is in `doctor`.
"""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register  # noqa: A004 (Django's name)


@register(Tags.security, deploy=True)
def check_production(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    conditions = (
        (
            not settings.PUBLIC_URL.startswith("https://"),
            "PUBLIC_URL is not https: passwords travel in the clear, and Exact accepts no such redirect URL.",
            "Set PUBLIC_URL to the https address that browsers use.",
            "portal.W001",
        ),
        (
            settings.SANDBOX,
            "SANDBOX is on: apps are made for the practice Exact, not for the real one.",
            "Set SANDBOX=off.",
            "portal.W002",
        ),
        (
            settings.BEHIND_TLS and not settings.TRUSTED_PROXIES,
            "No proxy is trusted: behind one, every request looks like plain http and is redirected for ever.",
            "Set TRUSTED_PROXIES to the addresses of the proxy that ends TLS.",
            "portal.W003",
        ),
        (
            "*" in settings.ALLOWED_HOSTS,
            "ALLOWED_HOSTS admits every host name.",
            "Set ALLOWED_HOSTS to the host of PUBLIC_URL, or leave it out.",
            "portal.W004",
        ),
        (
            "dummy" in settings.CACHES["default"]["BACKEND"] or "locmem" in settings.CACHES["default"]["BACKEND"],
            "The cache is not shared between processes, so throttles are not either.",
            "Leave CACHE_URL out to use the database, or set redis://…",
            "portal.W005",
        ),
    )
    return [Warning(text, hint=hint, id=check_id) for unsafe, text, hint, check_id in conditions if unsafe]
