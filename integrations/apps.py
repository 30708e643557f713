from typing import Any

from django.apps import AppConfig
from django.db import DEFAULT_DB_ALIAS
from django.db.models.signals import post_migrate


class IntegrationsConfig(AppConfig):
    name = "integrations"
    verbose_name = "Exact Online"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # The registry of apps must be whole before these are loaded.
        from integrations import checks  # noqa: F401, PLC0415 (registers the system checks)
        from integrations.exact import wire  # noqa: PLC0415
        from integrations.services import wire_guard  # noqa: PLC0415

        # After Django's own, which makes the rows of the rights.
        post_migrate.connect(_bring_roles_in_line, sender=self, dispatch_uid="roles")
        wire.before_send = wire_guard.before_send


def _bring_roles_in_line(*, using: str, plan: Any = None, **kwargs: Any) -> None:
    """Give the roles the rights of this release, as soon as the database is this release's."""
    from integrations.services import database, roles  # noqa: PLC0415

    if using != DEFAULT_DB_ALIAS:
        return
    if plan is None or not any(name.startswith("integrations.") for name in database.pending_migrations()):
        roles.bring_in_line()
