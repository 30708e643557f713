"""When an app may be enabled: one rule for the button, the command and the service."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AppKeys:
    """What the rule looks at."""

    has_client_id: bool
    has_secret: bool
    secret_opens: bool
    enabled: bool


def unmet_conditions(app: AppKeys) -> tuple[str, ...]:
    """Return every reason why the app cannot be enabled now; an empty tuple where it can."""
    conditions = (
        (app.enabled, "It is enabled already."),
        (not app.has_client_id, "The Client ID is missing. Copy it from Exact and save it here."),
        (not app.has_secret, "The Client secret is missing. Copy it from Exact and save it here."),
        (
            app.has_secret and not app.secret_opens,
            "The stored Client secret cannot be opened with the present keys. Enter it again, or bring back the key.",
        ),
    )
    return tuple(reason for unmet, reason in conditions if unmet)
