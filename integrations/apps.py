from django.apps import AppConfig


class IntegrationsConfig(AppConfig):
    name = "integrations"
    verbose_name = "Exact Online"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # The registry of apps must be whole before these are loaded.
        from integrations import checks  # noqa: F401, PLC0415 (registers the system checks)
        from integrations.exact import wire  # noqa: PLC0415
        from integrations.services import wire_guard  # noqa: PLC0415

        wire.before_send = wire_guard.refuse_open_transaction
