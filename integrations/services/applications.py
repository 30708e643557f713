"""Apps: added, changed, registered at Exact, enabled, disabled."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from integrations.exact import regions
from integrations.models import Application, AuditEvent, Connection
from integrations.rules import app_states
from integrations.rules.actors import Actor
from integrations.rules.keys import clean_client_id
from integrations.rules.names import why_not_shown
from integrations.rules.redirects import clean_redirect_url, clean_registered_url
from integrations.services import app_facts, people, permissions, refused_keys, rights, scope_approvals
from integrations.services.refusals import Conflict, Refused

CHANGEABLE: Final = (
    "name",
    "kind",
    "client_id",
    "redirect_uri",
    "owner",
    "caretakers",
    "existed_before",
)
UNSAID: Final = frozenset({"caretakers"})
"""Of these an event keeps that they changed, not what they hold: names of people, and what is long."""
BUMPING: Final = (
    "application.changed",
    "application.registered",
    "application.address_followed",
    "application.stood_recorded",
    "scopes.selected",
)
"""Each of these events is a new version of the app."""


class AlreadyAdded(Refused):
    """The app is here: what makes it was sent twice."""

    def __init__(self) -> None:
        super().__init__(["This app is here already."])


def add(application: Application, *, by: Actor) -> Application:
    """Store a new app. Where it points (``origin``) is fixed from now on.

    Raises:
        AlreadyAdded: an app with this id is here; it stays as it is.
        Refused: a field is not as it must be, or the Client ID is taken in this region; or no right to it.
    """
    rights.require(by, "integrations.add_application")
    if application.client_id or application.redirect_uri not in {"", application.default_redirect_uri()}:
        rights.require(by, "integrations.set_keys")
    with _refusing():
        region = regions.by_code(application.region)
        application.origin = settings.EXACT_ORIGINS[region.code]
        application.redirect_uri = application.redirect_uri or application.default_redirect_uri()
        application.created_by = str(by)
        _refuse_second(application)
        _clean(application)
        with transaction.atomic():
            _insert(application)
            details = {"region": application.region, "kind": application.kind, "name": application.name}
            AuditEvent.objects.record("application.added", application, by=by, details=details)
    return application


def _refuse_second(application: Application) -> None:
    if Application.objects.filter(pk=application.pk).exists():
        raise AlreadyAdded


def _insert(application: Application) -> None:
    try:
        with transaction.atomic():
            application.save(force_insert=True)
    except IntegrityError:
        _refuse_second(application)  # somebody was faster between our look and our write
        raise


def change(application: Application, *, by: Actor, version: int | None = None) -> dict[str, Any]:
    """Store what differs from the row, and return it as ``{field: [before, after]}``.

    ``version``: that of the row from which the form was filled in; None where nobody looked at one.

    Raises:
        Conflict: the row is newer than ``version``; nothing was stored.
        Refused: as for ``add``; a Client ID that is taken away from an enabled app, or exchanged while connections
            live by it; another kind once there is a Client ID.
    """
    rights.require(by, "integrations.change_application")
    with _refusing(), transaction.atomic():
        row = _locked(application)
        refuse_stale(row, version)
        application.redirect_uri = application.redirect_uri or application.default_redirect_uri()
        before = {name: getattr(row, name) for name in CHANGEABLE}
        _clean(application, redirect_uri_before=row.redirect_uri)
        changes = {
            name: [before[name], getattr(application, name)]
            for name in CHANGEABLE
            if before[name] != getattr(application, name)
        }
        _refuse_changes(row, changes, by=by)
        if changes:
            application.version = row.version + 1
            application.save(update_fields=[*changes, "version"])
            if "client_id" in changes:
                refused_keys.changed(application)
            AuditEvent.objects.record("application.changed", application, by=by, details=_said(changes))
    return changes


def register(application: Application, url: str, *, by: Actor, version: int | None = None) -> None:
    """Record which Redirect URL was entered at Exact, as it stands there.

    The same one again changes nothing, whatever ``version`` says: it was sent twice.

    Raises:
        Conflict: as for ``change``.
        Refused: it is no web address; or no right to it.
    """
    rights.require(by, "integrations.change_application")
    cleaned = clean_registered_url(url)
    if cleaned.reasons:
        raise Refused(cleaned.reasons)
    with transaction.atomic():
        row = _locked(application)
        if row.registered_redirect_uri != cleaned.value:
            refuse_stale(row, version)
            details = {"registered_redirect_url": [row.registered_redirect_uri, cleaned.value]}
            row.registered_redirect_uri, row.registered_at, row.registered_by = cleaned.value, timezone.now(), str(by)
            row.version += 1
            row.save(update_fields=["registered_redirect_uri", "registered_at", "registered_by", "version"])
            AuditEvent.objects.record("application.registered", row, by=by, details=details)
    application.refresh_from_db()


def record_as_it_stood(
    application: Application,
    *,
    by: Actor,
    permission: str,
    on: date | None = None,
    note: str = "",
    evidence: str = "",
    scopes: Mapping[str, str],
    version: int | None = None,
) -> None:
    """Record what Exact had granted before the portal; the same once more changes nothing.

    Raises:
        Conflict: as for ``change``.
        Refused: a scope, a level, a state, a day or an address is not as it must be; or no right to it.
    """
    rights.require(by, "integrations.record_review")
    with transaction.atomic():
        row = _locked(application)
        before = (permissions.steps(row).count(), row.scope_approvals.count())
        permissions.record_as_it_stood(row, permission, by=by, on=on, note=note, evidence=evidence)
        scope_approvals.record_as_it_stood(row, scopes, by=by)
        if before != (permissions.steps(row).count(), row.scope_approvals.count()):
            refuse_stale(row, version)
            row.version += 1
            row.save(update_fields=["version"])
            details = {"permission": permission, "on": on.isoformat() if on else None, "scopes": len(scopes)}
            AuditEvent.objects.record("application.stood_recorded", row, by=by, details=details)
    application.refresh_from_db()


def follow_address(application: Application, *, by: Actor) -> None:
    """Let browsers come back to where the portal is now, after ``PUBLIC_URL`` changed.

    Raises:
        Refused: they do already; or no right to it.
    """
    rights.require(by, "integrations.change_application")
    with transaction.atomic():
        row = _locked(application)
        if row.comes_back_here:
            raise Refused(["Its Redirect URL is the portal's present address already."])
        details = {"redirect_url": [row.redirect_uri, row.default_redirect_uri()]}
        row.redirect_uri = row.default_redirect_uri()
        row.version += 1
        row.save(update_fields=["redirect_uri", "version"])
        AuditEvent.objects.record("application.address_followed", row, by=by, details=details)
    application.refresh_from_db()


def changes_since(application: Application, version: int) -> list[AuditEvent]:
    """Return what made the app newer than ``version``, the newest first."""
    newer = Application.objects.values_list("version", flat=True).get(pk=application.pk) - version
    return list(AuditEvent.objects.about(application).filter(action__in=BUMPING)[: max(0, newer)])


# --- Enabled and disabled -----------------------------------------------------------------------------------


def enable(application: Application, *, by: Actor) -> None:
    """Let the portal use the app; its links are checked at once.

    Raises:
        Refused: with every unmet condition.
    """
    rights.require(by, "integrations.enable_application")
    with transaction.atomic():
        row = Application.objects.select_for_update().get(pk=application.pk)
        reasons = why_not_enabled(row)
        if reasons:
            raise Refused(reasons)
        now = timezone.now()
        row.enabled_at, row.enabled_by = now, str(by)
        row.save(update_fields=["enabled_at", "enabled_by"])
        Connection.objects.filter(application=row).fall_due(now)
        AuditEvent.objects.record("application.enabled", row, by=by)
    application.refresh_from_db()


def disable(application: Application, *, by: Actor) -> None:
    """Stop using the app; its keys stay, and its links are kept alive.

    Raises:
        Refused: it is disabled already.
    """
    rights.require(by, "integrations.enable_application")
    with transaction.atomic():
        row = Application.objects.select_for_update().get(pk=application.pk)
        if reasons := app_states.why_not_disabled(state(row)):
            raise Refused(reasons)
        row.enabled_at, row.enabled_by = None, ""
        row.save(update_fields=["enabled_at", "enabled_by"])
        AuditEvent.objects.record("application.disabled", row, by=by)
    application.refresh_from_db()


def state(application: Application) -> app_states.State:
    return app_states.state(
        enabled=application.is_enabled, stopped=application.is_stopped, archived=application.is_archived
    )


def why_not_enabled(application: Application) -> tuple[str, ...]:
    """Return every reason why the app cannot be enabled now; what its button and its command ask."""
    return app_states.why_not_enabled(state(application), app_facts.faults(application))


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


# --- What a change is held against --------------------------------------------------------------------------


def _locked(application: Application) -> Application:
    return Application.objects.select_for_update().get(pk=application.pk)


def refuse_stale(row: Application, version: int | None) -> None:
    """Let a form pass that was filled in from the row as it is, which is locked.

    Raises:
        Conflict: the row is newer than ``version``.
    """
    if version is not None and version != row.version:
        events = changes_since(row, version)
        who = people.names({event.actor for event in events[:1]})
        somebody = next(iter(who.values()), "Somebody")
        reason = f"{somebody} changed the app after you opened this page, so nothing was saved."
        raise Conflict(
            [f"{reason} Look at what it is now, and save again where you still want to."], version=row.version
        )


def _refuse_changes(row: Application, changes: dict[str, Any], *, by: Actor) -> None:
    reasons: tuple[str, ...] = ()
    # Exact's codes go to the Redirect URL: who may lead them elsewhere may set keys.
    if "client_id" in changes or changes.get("redirect_uri", [""])[-1] not in {"", row.default_redirect_uri()}:
        rights.require(by, "integrations.set_keys")
    if "client_id" in changes and row.client_id:
        reasons += app_states.why_client_id_stays(row.connections.linked().count())
    if "kind" in changes and row.client_id:
        reasons += ("The kind belongs to the registration at Exact. Register another app there for the other kind.",)
    if reasons:
        raise Refused(reasons)


def _said(changes: dict[str, Any]) -> dict[str, Any]:
    """Return what the event keeps of the changes."""
    plain = {
        name: [value.isoformat() if isinstance(value, date) else value for value in pair]
        for name, pair in changes.items()
        if name not in UNSAID
    }
    others = [str(Application._meta.get_field(name).verbose_name) for name in changes if name in UNSAID]  # type: ignore[union-attr]
    return {**plain, **({"fields": others} if others else {})}


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
    if application.name and (reasons := why_not_shown(application.name)):
        raise Refused(reasons)
    application.owner = " ".join(application.owner.split())
    application.caretakers = "\n".join(application.caretaker_names)
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
