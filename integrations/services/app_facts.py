"""What the rules look at when they judge apps: read for one, or for a page of them, by the same few queries."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from django.db.models import Count, F, OuterRef, Q, Subquery

from integrations.exact import regions
from integrations.models import Access, Application, ClientSecret, Company, Connection, Organization
from integrations.rules import gate, lint
from integrations.rules.lint import AppFacts, Finding
from integrations.services import key_tests, keyring, permissions, scope_approvals, secrets
from integrations.services.keyring import WrongKeyRing


def findings(application: Application) -> tuple[Finding, ...]:
    """Return everything that is wrong, or may be, with the app."""
    return lint.lint(of([application])[application.pk])


def faults(application: Application) -> tuple[str, ...]:
    """Return in words what keeps the app from being enabled."""
    return lint.errors(of([application])[application.pk])


def of(applications: Collection[Application]) -> dict[UUID, AppFacts]:
    """Return what is true of each, by eleven queries at most, however many they are."""
    apps = list(applications)
    organization = Organization.objects.ours().name
    names = _names()
    stored = _stored(apps)
    owners = _owners_of_secrets(stored)
    client_ids = _marks_of_client_ids([app for app in apps if stored[app.pk]])
    tests = key_tests.latest(apps)
    standing, approvals = permissions.standings(apps), scope_approvals.latest(apps)
    closed = [app.pk for app in apps if not gate.is_open(is_testing=app.is_testing, permission=standing[app.pk].state)]
    outside = _outside_customers(closed)
    nobody = Outside(0, 0)
    return {
        app.pk: AppFacts(
            region_title=app.region_title,
            is_testing=app.is_testing,
            is_practice=app.is_practice,
            name=app.name,
            organization=organization,
            names_of_others=tuple(name for pk, region, name in names if region == app.region and pk != app.pk),
            host_of=_host_of(app),
            client_id=app.client_id,
            has_secret=bool(stored[app.pk]),
            secret_opens=any(secret.opens for secret in stored[app.pk]),
            secret_is_client_id=any(secret.fingerprint in client_ids.get(app.pk, ()) for secret in stored[app.pk]),
            secret_is_of=_also_of(app, stored[app.pk], owners),
            redirect_uri=app.redirect_uri,
            our_redirect_uri=app.default_redirect_uri(),
            registered_redirect_uri=app.registered_redirect_uri,
            caretakers=len(app.caretaker_names),
            outside_customers=outside.get(app.pk, nobody).all,
            connected_unpermitted=0 if app.is_testing else outside.get(app.pk, nobody).unpermitted,
            permission=standing[app.pk].state,
            permission_since=standing[app.pk].since,
            has_approval=app.pk in approvals,
            keys_tested=key_tests.outcome(tests.get(app.pk)),
            keys_refused=app.keys_refused_at is not None,
            proven_beside_newest=_proven_beside_newest(stored[app.pk]),
        )
        for app in apps
    }


def _names() -> list[tuple[UUID, str, str]]:
    return list(Application.objects.filter(archived_at=None).order_by().values_list("pk", "region", "name"))


def _stored(apps: Sequence[Application]) -> dict[UUID, list[secrets.Stored]]:
    loaded = [app for app in apps if hasattr(app, "stored_secrets")]
    missing = Application.objects.filter(pk__in=[app.pk for app in apps if not hasattr(app, "stored_secrets")])
    rows = [*loaded, *secrets.loaded(missing)] if len(loaded) < len(apps) else loaded
    found = {row.pk: secrets.stored(row) for row in rows}
    return {app.pk: found.get(app.pk, []) for app in apps}


def _proven_beside_newest(stored: Sequence[secrets.Stored]) -> bool:
    newest = max((secret.version for secret in stored), default=0)
    return any(secret.opens and secret.row.proven_at is not None and secret.version < newest for secret in stored)


def _owners_of_secrets(stored: Mapping[UUID, list[secrets.Stored]]) -> list[tuple[str, UUID, str]]:
    """Return which apps have secrets with these fingerprints, which stay the same for the same secret."""
    marks = {secret.fingerprint for rows in stored.values() for secret in rows}
    if not marks:
        return []
    rows = ClientSecret.objects.stored().filter(fingerprint__in=marks).order_by("application__name", "pk")
    return list(rows.values_list("fingerprint", "application_id", "application__name"))


def _also_of(app: Application, stored: list[secrets.Stored], owners: list[tuple[str, UUID, str]]) -> str:
    marks = {secret.fingerprint for secret in stored}
    return next((name for mark, pk, name in owners if mark in marks and pk != app.pk), "")


def _marks_of_client_ids(apps: Sequence[Application]) -> dict[UUID, set[str]]:
    """Return the fingerprints of each Client ID, whose case people do not keep; none where no secret would open."""
    spelt = {app.pk: {app.client_id, app.client_id.lower(), app.client_id.upper()} for app in apps if app.client_id}
    try:
        marks = keyring.fingerprints({text for texts in spelt.values() for text in texts}) if spelt else {}
    except WrongKeyRing:
        return {}
    return {pk: {marks[text] for text in texts} for pk, texts in spelt.items()}


def _host_of(app: Application) -> str:
    others = (region for region in regions.REGIONS if region.code != app.region)
    return next((region.title for region in others if region.origin == app.origin), "")


class Outside(NamedTuple):
    """How many companies of customers living connections of one app reach, used by us or not: Exact's permission is
    asked for when somebody consents, and that is what these prove."""

    all: int
    unpermitted: int
    """Of these, by a consent from after a permission had ended, or where there never was one."""


def _outside_customers(ids: list[UUID]) -> dict[UUID, Outside]:
    if not ids:
        return {}
    live = Access.objects.filter(withdrawn_at__isnull=True).exclude(connection__status__in=Connection.ENDED)
    ended = permissions.ended().filter(application=OuterRef("connection__application")).order_by("-at")
    later = Q(ended_at__isnull=True) | Q(connection__consented_at__gt=F("ended_at"))
    meanwhile = live.annotate(ended_at=Subquery(ended.values("at")[:1])).filter(later)
    rows = Company.objects.filter(application__in=ids, customer__isnull=False, pk__in=live.values("company"))
    counted = rows.order_by().values_list("application_id")
    some = Q(pk__in=meanwhile.values("company"))
    found = counted.annotate(everybody=Count("pk"), unpermitted=Count("pk", filter=some))
    return {pk: Outside(everybody, unpermitted) for pk, everybody, unpermitted in found}
