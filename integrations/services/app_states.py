"""Apps: stopped in an emergency, put away, brought back, deleted; and what each of these would do."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from integrations.models import Access, Application, AuditEvent, Company, Connection
from integrations.rules import app_states as rules
from integrations.rules.actors import Actor
from integrations.services import applications, links, rights, tokens
from integrations.services.refusals import Refused


@dataclass(frozen=True, slots=True)
class Effects:
    """Who depends on an app, for the pages that ask before something is done to it."""

    standing: rules.Standing
    customers: tuple[str, ...]
    """Those whose companies are reached through it now, by name; of two with the same name each counts."""
    ourselves: bool
    """Companies of our own are reached through it."""
    open_links: int
    reconnect_from: datetime | None
    """When nothing is refreshed any more: the first moment from which somebody has to connect again."""
    why_not_enabled: tuple[str, ...]

    @property
    def cuts_off(self) -> bool:
        """Tell whether a customer, or we ourselves, would notice."""
        return bool(self.customers) or self.ourselves

    @property
    def why_not_disabled(self) -> tuple[str, ...]:
        return rules.why_not_disabled(self.standing.state)

    @property
    def why_not_stopped(self) -> tuple[str, ...]:
        return rules.why_not_stopped(self.standing.state)

    @property
    def why_not_lifted(self) -> tuple[str, ...]:
        return rules.why_not_lifted(self.standing.state)

    @property
    def why_not_archived(self) -> tuple[str, ...]:
        return rules.why_not_archived(self.standing)

    @property
    def why_not_restored(self) -> tuple[str, ...]:
        return rules.why_not_restored(self.standing.state)

    @property
    def why_not_deleted(self) -> tuple[str, ...]:
        return rules.why_not_deleted(self.standing)


def effects(application: Application) -> Effects:
    """Return who depends on the app now."""
    live = application.connections.linked()
    reached = Access.objects.filter(withdrawn_at__isnull=True, connection__in=live)
    columns = ("company__customer_id", "company__customer__name", "company__use")
    rows = list(reached.order_by().values_list(*columns).distinct())
    owners: dict[UUID | None, str | None] = {pk: name for pk, name, _ in rows}
    return Effects(
        standing=_standing(application),
        customers=tuple(sorted(name or "" for pk, name in owners.items() if pk is not None)),
        ourselves=any(pk is None and use == Company.Use.USED for pk, _, use in rows),
        open_links=links.open_through(application).count(),
        reconnect_from=tokens.reconnect_from(application),
        why_not_enabled=applications.why_not_enabled(application),
    )


def stop(application: Application, *, by: Actor) -> None:
    """Emergency stop: from now on no request goes to Exact through the app, not even one that keeps a link alive.

    Raises:
        Refused: it is stopped already, or archived; or no right to it.
    """

    def do(row: Application, now: datetime) -> None:
        row.enabled_at, row.enabled_by = None, ""
        row.stopped_at, row.stopped_by = now, str(by)

    _record(application, "application.stopped", do, lambda row: rules.why_not_stopped(applications.state(row)), by=by)


def lift(application: Application, *, by: Actor) -> None:
    """End the Emergency stop: the app is disabled then, and its links are kept alive again, at once.

    Raises:
        Refused: it is not stopped; or no right to it.
    """

    def do(row: Application, now: datetime) -> None:
        row.stopped_at, row.stopped_by = None, ""
        Connection.objects.filter(application=row).fall_due(now)

    _record(application, "application.lifted", do, lambda row: rules.why_not_lifted(applications.state(row)), by=by)


def archive(application: Application, *, by: Actor) -> None:
    """Put the app away: it is in no list of what is used, and can be brought back.

    Raises:
        Refused: with every reason, such as a connection that lives; or no right to it.
    """

    def do(row: Application, now: datetime) -> None:
        row.stopped_at, row.stopped_by = None, ""
        row.archived_at, row.archived_by = now, str(by)

    _record(application, "application.archived", do, lambda row: rules.why_not_archived(_standing(row)), by=by)


def restore(application: Application, *, by: Actor) -> None:
    """Bring an archived app back; it is disabled then.

    Raises:
        Refused: it is not archived; or no right to it.
    """

    def do(row: Application, now: datetime) -> None:
        row.archived_at, row.archived_by = None, ""

    _record(application, "application.restored", do, lambda row: rules.why_not_restored(applications.state(row)), by=by)


def remove(application: Application, *, by: Actor) -> None:
    """Delete an app with its keys: one made by mistake, that never had a connection.

    Raises:
        Refused: it is enabled, or had connections; or no right to it.
    """
    rights.require(by, "integrations.delete_application")
    with transaction.atomic():
        row = Application.objects.select_for_update().get(pk=application.pk)
        if reasons := rules.why_not_deleted(_standing(row)):
            raise Refused(reasons)
        details = {"region": row.region, "kind": row.kind, "name": row.name, "client_id": row.client_id}
        AuditEvent.objects.record("application.deleted", row, by=by, details=details)
        row.delete()


STATE: Final = ("enabled_at", "enabled_by", "stopped_at", "stopped_by", "archived_at", "archived_by")


def _record(
    application: Application,
    action: str,
    do: Callable[[Application, datetime], None],
    why_not: Callable[[Application], tuple[str, ...]],
    *,
    by: Actor,
) -> None:
    rights.require(by, "integrations.enable_application")
    with transaction.atomic():
        row = Application.objects.select_for_update().get(pk=application.pk)
        if reasons := why_not(row):
            raise Refused(reasons)
        do(row, timezone.now())
        row.save(update_fields=[*STATE])
        AuditEvent.objects.record(action, row, by=by)
    application.refresh_from_db()


def _standing(application: Application) -> rules.Standing:
    ever = application.connections.exists() or application.companies.exists()
    return rules.Standing(
        state=applications.state(application),
        live_connections=application.connections.linked().count(),
        ever_connected=ever,
        ever_submitted=application.reviews.exclude(submitted_hash="").exists(),
    )
