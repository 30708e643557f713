"""Practice: a first app that works, and taking everything away again."""

from collections.abc import Callable
from typing import Any, Final

from django.conf import settings
from django.db import transaction

from integrations.exact.regions import REGIONS, Region
from integrations.models import Application, AuditEvent, Company, Connection, Kind, Organization
from integrations.rules import editions
from integrations.rules.actors import Actor
from integrations.rules.workflow import PermissionState
from integrations.services import applications, rights, secrets, token_sweep

NAME: Final = "Practice app"
Register = Callable[[Region, str, str], dict[str, Any]]
"""Registers an app at a region's practice Exact: region, name, redirect URL → client_id and client_secret."""


def is_on() -> bool:
    return bool(settings.SANDBOX)


def local_regions() -> list[Region]:
    """Return the regions whose practice Exact is the one that ``make run`` starts."""
    return [region for region in REGIONS if region.code in settings.LOCAL_SANDBOXES]


def furnish(register: Register, *, by: Actor) -> None:
    """Give a new house one app that works; the other regions wait to be set up, registered at Exact already.

    Only an installation without any app is furnished.
    """
    regions = local_regions()
    if not regions or Application.objects.exists():
        return
    first, *others = regions
    application = Application(region=first.code, kind=Kind.PRODUCT, name=NAME)
    application.redirect_uri = application.default_redirect_uri()
    keys = register(first, NAME, application.redirect_uri)
    application.client_id = keys["client_id"]
    with transaction.atomic():
        applications.add(application, by=by)
        applications.register(application, application.redirect_uri, by=by)
        secrets.set(application, keys["client_secret"], by=by)
        applications.record_as_it_stood(
            application,
            by=by,
            permission=PermissionState.GRANTED,  # as ``register`` asks of the practice Exact
            note="The practice Exact granted it when it was registered.",
            scopes={scope: str(level) for scope, level in editions.ARTICLE.scopes.items()},
        )
        applications.enable(application, by=by)
    for region in others:
        register(region, NAME, f"{settings.PUBLIC_URL}/oauth/callback/enter-the-one-of-your-app/")


def count() -> int:
    """Return how many apps were made for a practice Exact."""
    return sum(application.is_practice for application in Application.objects.all())


def remove(*, by: Actor) -> int:
    """Delete every practice app with its keys, connections, companies and counts; return how many apps.

    Nothing of the real Exact is touched, and nothing is sent anywhere.
    """
    rights.require(by, "integrations.delete_application")
    with transaction.atomic():
        ids = [row.pk for row in Application.objects.select_for_update() if row.is_practice]
        Company.objects.filter(application_id__in=ids).delete()
        connections = Connection.objects.filter(application_id__in=ids)
        token_sweep.forget(connections.values_list("pk", flat=True))
        connections.delete()
        Application.objects.filter(pk__in=ids).delete()
        if ids:
            AuditEvent.objects.record(
                "practice.removed", Organization.objects.ours(), by=by, details={"apps": len(ids)}
            )
    return len(ids)
