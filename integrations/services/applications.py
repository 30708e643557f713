"""Apps: added, changed, enabled, disabled."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from integrations.exact import regions
from integrations.models import Application, AuditEvent
from integrations.rules.actors import Actor
from integrations.rules.enabling import AppKeys, unmet_conditions
from integrations.rules.keys import clean_client_id
from integrations.rules.redirects import clean_redirect_url
from integrations.services import rights, secrets
from integrations.services.refusals import Refused

CHANGEABLE: Final = ("name", "client_id", "redirect_uri")


def add(application: Application, *, by: Actor) -> Application:
    """Store a new app. Where it points (``origin``) is fixed from now on.

    Raises:
        Refused: a field is not as it must be, or the Client ID is taken in this region; or no right to it.
    """
    rights.require(by, "integrations.add_application")
    if application.client_id:
        rights.require(by, "integrations.set_keys")
    with _refusing():
        region = regions.by_code(application.region)
        application.origin = settings.EXACT_ORIGINS[region.code]
        application.redirect_uri = application.redirect_uri or application.default_redirect_uri()
        application.created_by = str(by)
        _clean(application)
        with transaction.atomic():
            application.save(force_insert=True)
            details = {"region": application.region, "kind": application.kind, "name": application.name}
            AuditEvent.objects.record("application.added", application, by=by, details=details)
    return application


def change(application: Application, *, by: Actor) -> dict[str, Any]:
    """Store what differs from the row, and return it as ``{field: [before, after]}``.

    Raises:
        Refused: as for ``add``, and a Client ID that is taken away from an enabled app.
    """
    rights.require(by, "integrations.change_application")
    with _refusing(), transaction.atomic():
        row = Application.objects.select_for_update().get(pk=application.pk)
        application.redirect_uri = application.redirect_uri or application.default_redirect_uri()
        before = {name: getattr(row, name) for name in CHANGEABLE}
        _clean(application, redirect_uri_before=row.redirect_uri)
        changes = {
            name: [before[name], getattr(application, name)]
            for name in CHANGEABLE
            if before[name] != getattr(application, name)
        }
        if "client_id" in changes:
            rights.require(by, "integrations.set_keys")
        if changes:
            application.save(update_fields=[*changes])
            AuditEvent.objects.record("application.changed", application, by=by, details=changes)
    return changes


def enable(application: Application, *, by: Actor) -> None:
    """Let the portal use the app.

    Raises:
        Refused: with every unmet condition.
    """
    rights.require(by, "integrations.enable_application")
    with transaction.atomic():
        row = Application.objects.select_for_update().get(pk=application.pk)
        reasons = why_not_enabled(row)
        if reasons:
            raise Refused(reasons)
        _set_enabled(row, by=by)
    application.refresh_from_db()


def disable(application: Application, *, by: Actor) -> None:
    """Stop using the app; its keys stay.

    Raises:
        Refused: it is disabled already.
    """
    rights.require(by, "integrations.enable_application")
    with transaction.atomic():
        row = Application.objects.select_for_update().get(pk=application.pk)
        if not row.is_enabled:
            raise Refused(["It is disabled already."])
        row.enabled_at, row.enabled_by = None, ""
        row.save(update_fields=["enabled_at", "enabled_by"])
        AuditEvent.objects.record("application.disabled", row, by=by)
    application.refresh_from_db()


def remove(application: Application, *, by: Actor) -> None:
    """Delete an app with its keys: one made by mistake.

    Raises:
        Refused: it is enabled.
    """
    rights.require(by, "integrations.delete_application")
    with transaction.atomic():
        row = Application.objects.select_for_update().get(pk=application.pk)
        if row.is_enabled:
            raise Refused(["An enabled app cannot be deleted. Disable it first."])
        details = {"region": row.region, "kind": row.kind, "name": row.name, "client_id": row.client_id}
        AuditEvent.objects.record("application.deleted", row, by=by, details=details)
        row.delete()


def why_not_enabled(application: Application) -> tuple[str, ...]:
    """Return every reason why the app cannot be enabled now; what its button and its command ask."""
    stored = secrets.stored(application)
    return unmet_conditions(
        AppKeys(
            has_client_id=bool(application.client_id),
            has_secret=bool(stored),
            secret_opens=any(secret.opens for secret in stored),
            enabled=application.is_enabled,
        )
    )


def why_not_usable(application: Application) -> tuple[str, ...]:
    """Return why nobody can connect through the app now; an empty tuple where somebody can."""
    reasons = []
    if not application.is_enabled:
        reasons.append(f"The app “{application.name}” is not enabled.")
    if not application.is_awake:
        reasons.append(f"The app “{application.name}” was made for another Exact ({application.origin}); it sleeps.")
    return tuple(reasons)


def usable() -> QuerySet[Application]:
    """Return the apps through which somebody can connect now."""
    return Application.objects.awake().enabled()


def _set_enabled(row: Application, *, by: Actor) -> None:
    row.enabled_at, row.enabled_by = timezone.now(), str(by)
    row.save(update_fields=["enabled_at", "enabled_by"])
    AuditEvent.objects.record("application.enabled", row, by=by)


def _clean(application: Application, *, redirect_uri_before: str = "") -> None:
    if application.client_id:
        cleaned = clean_client_id(application.client_id)
        if cleaned.reasons:
            raise Refused(cleaned.reasons)
        application.client_id = cleaned.value
    else:
        application.client_id = None
    # One that stands already may have been made by an earlier PUBLIC_URL.
    if application.redirect_uri not in {redirect_uri_before, application.default_redirect_uri()}:
        redirect = clean_redirect_url(application.redirect_uri, practice=application.is_practice)
        if redirect.reasons:
            raise Refused(redirect.reasons)
        application.redirect_uri = redirect.value
    application.name = " ".join(application.name.split())
    application.full_clean()


@contextmanager
def _refusing() -> Iterator[None]:
    """Turn what the model, the database or the table of regions refuses into one kind of answer."""
    try:
        yield
    except ValidationError as error:
        raise Refused(error.messages) from None
    except regions.UnknownRegion as error:
        raise Refused([str(error)]) from None
    except IntegrityError as error:
        # Somebody else was faster between our look and our write.
        if "application_client_id_once_a_region" not in str(error):
            raise
        raise Refused(["Another app of this region has this Client ID already."]) from None
