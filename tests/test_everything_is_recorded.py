"""Whoever changes something leaves one event: every verb of the services, every POST of a page, every word for it."""

import ast
import inspect
import json
import pkgutil
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
from django.apps import apps
from django.conf import settings as django_settings
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

import integrations
import integrations.services
from integrations.exact.evidence import Evidence
from integrations.exact.oauth import TokenAnswer
from integrations.models import (
    Access,
    Application,
    AuditEvent,
    Company,
    Connection,
    Customer,
    Installation,
    LibraryAnswer,
    LinkPage,
    Organization,
    User,
)
from integrations.rules import activity as filters
from integrations.rules import retention as ages
from integrations.rules import roles, wording
from integrations.rules.actors import PORTAL, Actor
from integrations.rules.journey import Step
from integrations.services import (
    accounts,
    activity,
    answers,
    app_states,
    applications,
    backups,
    calendar_feeds,
    checks,
    companies,
    customers,
    disconnecting,
    imports,
    installation,
    key_copies,
    key_tests,
    keyring,
    links,
    permissions,
    practice,
    refreshing,
    replacements,
    retention,
    review_evidence,
    reviewer_questions,
    reviews,
    rotation,
    scopes,
    secrets,
    tokens,
)
from integrations.services.refusals import Refused
from tests import scopes as app_scopes
from tests.admin import app_forms, set_up
from tests.conftest import SECRET, SOMEBODY
from tests.owning import own
from tests.permission import granted
from tests.practice import practising
from tests.reviews import canaries
from tests.services.test_retention import old_events

pytestmark = pytest.mark.django_db
CANARY: Final = "Canary"
PASSWORD: Final = "Canary-pass-phrase-1"
APP: Final = "/admin/integrations/application/"
USER: Final = "/admin/integrations/user/"
GROUP: Final = "/admin/auth/group/"
CUSTOMER: Final = "/admin/integrations/customer/"
NOTHING_ELSE: Final = {
    ("activity.exported",), ("workflow.refused",), ("connection.refresh_asked",), ("connection.changes_seen",)
}  # fmt: skip
"""What changes nothing but the activity."""
NOT_OF_PEOPLE: Final = frozenset({"sessions.Session", "integrations.AuditEvent"})


@dataclass
class World:
    """A house in use; everything that has a name or a secret of people carries the mark of a canary."""

    client: Client
    anna: User
    enabled: Application
    connection: Connection
    company: Company
    spare: Application
    customer: Customer
    link: LinkPage
    group: Group
    by: Actor


@pytest.fixture
def world(settings: Any, anna: User, annas: Client, make_app: Callable[..., Application]) -> World:
    settings.LOCAL_SANDBOXES = {}
    anna.first_name, anna.last_name, anna.email = CANARY, f"{CANARY} Smit", f"{CANARY}@example.com"
    anna.save()
    by = Actor.person(anna.pk)
    enabled = granted(make_app(enable=True))
    connection = tokens.begin(
        enabled, TokenAnswer("access", "refresh", 600, Evidence("POST", "/token", 200, 1)), now=timezone.now()
    )
    connection.status, connection.exact_user_id = Connection.Status.CONNECTED, str(uuid4())
    connection.full_name, connection.email = f"{CANARY} Accountant", f"{CANARY}@exact.example"
    connection.save()
    company = Company.objects.create(application=enabled, division=7, name=f"{CANARY} Holding")
    Access.objects.create(company=company, connection=connection)
    customer = customers.named(f"{CANARY} BV", by=by)
    return World(
        company=company,
        client=annas,
        anna=anna,
        enabled=enabled,
        connection=connection,
        spare=make_app(secret=None, client_id=None, region="uk", name="Spare"),
        customer=customer,
        link=links.make(enabled, by=by, customer=customer).page,
        group=Group.objects.create(name=f"{CANARY} group"),
        by=by,
    )


def snapshot() -> dict[str, list[Any]]:
    labels = {model._meta.label: model for model in apps.get_models() if model._meta.label not in NOT_OF_PEOPLE}
    return {label: sorted(map(str, model._base_manager.values_list())) for label, model in labels.items()}


@contextmanager
def records(*actions: str) -> Iterator[list[AuditEvent]]:
    """Expect just these events within."""
    known = set(AuditEvent.objects.values_list("pk", flat=True))
    events: list[AuditEvent] = []
    yield events
    events += AuditEvent.objects.exclude(pk__in=known).order_by("at")
    assert sorted(event.action for event in events) == sorted(actions)


# --- Pages --------------------------------------------------------------------------------------------------


def _user_form(world: World, **changed: Any) -> dict[str, Any]:
    form = world.client.get(f"{USER}{world.anna.pk}/change/").context["adminform"].form
    values = {name: value for name, value in form.initial.items() if value is not None}
    return {**values, "groups": [], "user_permissions": [], **changed}


def _lost(world: World) -> None:
    own(owner="the-other-installation")


def _existed(world: World) -> None:
    world.spare.existed_before = True
    applications.change(world.spare, by=world.by)


def _waiting(world: World) -> None:
    secrets.set(world.spare, SECRET, by=world.by)
    world.spare.secrets.update(proven_at=timezone.now())
    secrets.set(world.spare, f"{SECRET}2", by=world.by)


def _old_rows(world: World) -> None:
    old_events(2)


def _chosen(world: World) -> None:
    scopes.adopt(world.spare, "article", by=world.by)


def _fed(world: World) -> None:
    calendar_feeds.make(world.anna, by=world.by)


def _refused_scope(world: World) -> None:
    with pytest.raises(Refused):
        scopes.refuse(world.spare, [("crm.nothing", "read")], by=world.by)


Page = tuple[Callable[[World], None], Callable[[World], str], Callable[[World], dict[str, Any]], tuple[str, ...]]


def _changed(world: World) -> None:
    """Let Exact no longer show what the connection reaches."""
    world.connection.accesses.update(withdrawn_at=timezone.now())


def nothing(world: World) -> None:
    return None


PAGES: Final[dict[str, Page]] = {
    "an app is added": (
        nothing, lambda w: f"{APP}add/",
        lambda w: {"region": "nl", "kind": "product", "name": "X", "client_id": "", "client_secret": ""},
        ("application.added",),
    ),
    "an app is added with its keys: two things": (
        nothing, lambda w: f"{APP}add/",
        lambda w: {"region": "nl", "kind": "product", "name": "X", "client_id": str(uuid4()), "client_secret": SECRET},
        ("application.added", "application.secret_set"),
    ),
    "an app is changed": (
        nothing, lambda w: f"{APP}{w.spare.pk}/change/",
        lambda w: app_forms.overview(w.spare, kind="product", name="New"), ("application.changed",),
    ),
    "an app is saved as it was": (
        nothing, lambda w: f"{APP}{w.spare.pk}/change/", lambda w: app_forms.overview(w.spare, kind="product"), (),
    ),
    "an app is set up": (
        nothing, lambda w: set_up.url(uuid4(), Step.NAME, set_up.NEW),
        lambda w: {"kind": "product", "name": "Meridian"}, ("application.added",),
    ),
    "it is told how an app stood at Exact": (
        _existed, lambda w: set_up.url(w.spare, Step.AS_IT_STOOD),
        lambda w: set_up.stood(w.spare, permission_note=CANARY), ("application.stood_recorded",),
    ),
    "it is told what was entered at Exact, and who can get at it: two things": (
        nothing, lambda w: set_up.url(w.spare, Step.REGISTER),
        lambda w: set_up.entered(w.spare, caretakers=CANARY, do="exactly"),
        ("application.changed", "application.registered"),
    ),
    "an app gets an address of our own": (
        nothing, lambda w: set_up.url(w.spare, Step.REGISTER),
        lambda w: {"version": w.spare.version, "do": "own-address", "own_redirect_url": "https://owned.example/"},
        ("application.changed",),
    ),
    "keys are entered in Set up: two things": (
        nothing, lambda w: set_up.url(w.spare, Step.KEYS),
        lambda w: app_forms.keys(w.spare, client_id=str(uuid4()), client_secret=SECRET),
        ("application.changed", "application.secret_set"),
    ),
    "an app is enabled in Set up": (
        lambda w: applications.disable(w.enabled, by=w.by), lambda w: set_up.url(w.enabled, Step.ENABLE),
        lambda w: {}, ("application.enabled",),
    ),
    "keys of an app are entered: two things": (
        nothing, lambda w: f"{APP}{w.spare.pk}/keys/",
        lambda w: app_forms.keys(w.spare, client_id=str(uuid4()), client_secret=SECRET),
        ("application.changed", "application.secret_set"),
    ),
    "a newer secret is taken back": (
        _waiting, lambda w: f"{APP}{w.spare.pk}/keys/",
        lambda w: app_forms.keys(w.spare, client_secret=SECRET), ("application.secret_taken_back",),
    ),
    "keys of an app are saved as they were": (
        nothing, lambda w: f"{APP}{w.spare.pk}/keys/", lambda w: app_forms.keys(w.spare), (),
    ),
    "scopes are chosen": (
        nothing, lambda w: f"{APP}{w.spare.pk}/scopes/",
        lambda w: {**app_scopes.form(w.spare, crm__accounts="read"), "reason-crm.accounts": CANARY},
        ("scopes.selected",),
    ),
    "scopes are chosen as they were": (
        nothing, lambda w: f"{APP}{w.spare.pk}/scopes/", lambda w: app_scopes.form(w.spare), (),
    ),
    "a choice of scopes is looked at": (
        nothing, lambda w: f"{APP}{w.spare.pk}/scopes/",
        lambda w: {**app_scopes.form(w.spare, crm__accounts="read"), "do": "show"}, (),
    ),
    "scopes that the form has not are refused": (
        nothing, lambda w: f"{APP}{w.spare.pk}/scopes/",
        lambda w: {**app_scopes.form(w.spare), "level-crm.Accounts": "read"}, ("workflow.refused",),
    ),
    "a recommended list is adopted": (
        nothing, lambda w: f"{APP}{w.spare.pk}/scopes/adopt/",
        lambda w: {"edition": "article", "version": w.spare.version}, ("scopes.selected",),
    ),
    "a choice of scopes is taken back": (
        _chosen, lambda w: f"{APP}{w.spare.pk}/scopes/undo/",
        lambda w: {"event": scopes.latest(w.spare)[0].pk, "version": w.spare.version}, ("scopes.selected",),
    ),
    "keys of an app are tested": (
        nothing, lambda w: f"{APP}{w.enabled.pk}/test-keys/", lambda w: {}, ("application.keys_tested",),
    ),
    "what was entered at Exact is recorded": (
        nothing, lambda w: f"{APP}{w.spare.pk}/registered/",
        lambda w: {"url": "https://www.meridian.example/", "version": w.spare.version}, ("application.registered",),
    ),
    "the portal's new address is followed": (
        lambda w: Application.objects.filter(pk=w.spare.pk).update(redirect_uri="https://former.example/"),
        lambda w: f"{APP}{w.spare.pk}/follow-address/", lambda w: {}, ("application.address_followed",),
    ),
    "an app is deleted": (
        nothing, lambda w: f"{APP}{w.spare.pk}/delete/", lambda w: {"post": "yes"}, ("application.deleted",),
    ),
    "an app is disabled": (
        nothing, lambda w: f"{APP}{w.enabled.pk}/disable/", lambda w: {}, ("application.disabled",),
    ),
    "an app is enabled": (
        lambda w: applications.disable(w.enabled, by=w.by),
        lambda w: f"{APP}{w.enabled.pk}/enable/", lambda w: {}, ("application.enabled",),
    ),
    "a link page is made": (
        nothing, lambda w: f"{APP}{w.enabled.pk}/connect/", lambda w: {}, ("link.made",),
    ),
    "a connection is checked": (
        nothing, lambda w: f"/admin/integrations/connection/{w.connection.pk}/check/", lambda w: {},
        ("connection.checked",),
    ),
    "a calendar feed is made": (
        nothing, lambda w: "/admin/integrations/connection/last-days/feed/", lambda w: {}, ("calendar.made",),
    ),
    "a calendar feed is revoked": (
        _fed, lambda w: "/admin/integrations/connection/last-days/feed/revoke/", lambda w: {}, ("calendar.revoked",),
    ),
    "a connection is asked to refresh": (
        nothing, lambda w: f"/admin/integrations/connection/{w.connection.pk}/refresh/", lambda w: {},
        ("connection.refresh_asked",),
    ),
    "another user is to take the place of a connection: two things": (
        nothing, lambda w: f"/admin/integrations/connection/{w.connection.pk}/replace/", lambda w: {},
        ("link.made", "connection.replacement_asked"),
    ),
    "a connection is disconnected": (
        nothing, lambda w: f"/admin/integrations/connection/{w.connection.pk}/disconnect/", lambda w: {},
        ("connection.disconnected",),
    ),
    "a company is given to a customer": (
        nothing, lambda w: f"/admin/integrations/company/{w.company.pk}/assign/", lambda w: {"customer": w.customer.pk},
        ("company.assigned",),
    ),
    "a company is not used": (
        nothing, lambda w: f"/admin/integrations/company/{w.company.pk}/use/", lambda w: {"used": "no"},
        ("company.not_used",),
    ),
    "the companies that are used are chosen": (
        nothing, lambda w: f"/admin/integrations/connection/{w.connection.pk}/companies/",
        lambda w: {}, ("connection.companies_chosen",),
    ),
    "what changed at Exact is left as it is": (
        _changed, lambda w: f"/admin/integrations/connection/{w.connection.pk}/changes-seen/",
        lambda w: {}, ("connection.changes_seen",),
    ),
    "a customer is added": (
        nothing, lambda w: f"{CUSTOMER}add/", lambda w: {"name": f"{CANARY} NV", "language": "nl"}, ("customer.added",),
    ),
    "a customer is changed": (
        nothing, lambda w: f"{CUSTOMER}{w.customer.pk}/change/",
        lambda w: {"name": f"{CANARY} NV", "language": "en", "contact_name": f"{CANARY} Smit", "note": CANARY},
        ("customer.changed",),
    ),
    "a link page is made for a customer": (
        nothing, lambda w: f"{CUSTOMER}{w.customer.pk}/link/", lambda w: {"app": w.enabled.pk, "days": 3},
        ("link.made",),
    ),
    "a link page is revoked": (
        nothing, lambda w: f"{CUSTOMER}{w.customer.pk}/links/{w.link.pk}/revoke/", lambda w: {}, ("link.revoked",),
    ),
    "a customer may try without recorded permission": (
        lambda w: permissions.take(w.enabled, "withdraw", by=w.by, on=date(2026, 3, 1), note=CANARY) and None,
        lambda w: f"{CUSTOMER}{w.customer.pk}/link/", lambda w: {"app": w.enabled.pk, "because": CANARY},
        ("link.made",),
    ),
    "a step of a permission is recorded": (
        nothing, lambda w: f"{APP}{w.spare.pk}/permission/",
        lambda w: {"step": "record_granted", "on": "2026-03-01", "note": CANARY}, ("permission.stepped",),
    ),
    "a customer is disconnected, and a consent that nobody else uses": (
        lambda w: companies.assign(w.company, w.customer, by=w.by),
        lambda w: f"{CUSTOMER}{w.customer.pk}/disconnect/", lambda w: {},
        ("connection.disconnected", "customer.disconnected"),
    ),
    "a customer is erased": (
        nothing, lambda w: f"{CUSTOMER}{w.customer.pk}/erase/", lambda w: {"typed": w.customer.name},
        ("customer.erased",),
    ),
    "a key is confirmed": (
        nothing, lambda w: "/admin/portal/keys/", lambda w: {"key": keyring.ring().first.id},
        ("keys.stored_elsewhere",),
    ),
    "the organization is filled in": (
        nothing, lambda w: "/admin/integrations/organization/add/",
        lambda w: {"name": "Meridian", "time_zone": "UTC", "remind_after_days": 5}, ("organization.added",),
    ),
    "the organization is changed": (
        lambda w: Organization.objects.create(name="Meridian") and None,
        lambda w: "/admin/integrations/organization/1/change/",
        lambda w: {"name": "Meridian BV", "time_zone": "UTC", "remind_after_days": 5}, ("organization.changed",),
    ),
    "a member of staff is added": (
        nothing, lambda w: f"{USER}add/",
        lambda w: {"username": f"{CANARY}2", "password1": PASSWORD, "password2": PASSWORD,
                   "usable_password": "true"},
        ("user.added",),
    ),
    "a member of staff is changed": (
        nothing, lambda w: f"{USER}{w.anna.pk}/change/",
        lambda w: _user_form(w, last_name=f"{CANARY} de Vries", groups=[w.group.pk]), ("user.changed",),
    ),
    "a password is set": (
        nothing, lambda w: f"{USER}{w.anna.pk}/password/",
        lambda w: {"password1": PASSWORD, "password2": PASSWORD, "usable_password": "true", "set-password": ""},
        ("user.password_set",),
    ),
    "one's own password is changed": (
        nothing, lambda w: "/admin/password_change/",
        lambda w: {"old_password": "correct horse battery", "new_password1": PASSWORD, "new_password2": PASSWORD},
        ("user.password_changed",),
    ),
    "one's own password is refused": (
        nothing, lambda w: "/admin/password_change/", lambda w: {"old_password": "x"}, ("user.confirmation_failed",),
    ),
    "a group is added": (
        nothing, lambda w: f"{GROUP}add/",
        lambda w: {"name": f"{CANARY} two", "permissions": [Permission.objects.get(codename="view_customer").pk]},
        ("group.added",),
    ),
    "a group is changed": (
        nothing, lambda w: f"{GROUP}{w.group.pk}/change/", lambda w: {"name": f"{CANARY} three"}, ("group.changed",),
    ),
    "a group is deleted": (
        nothing, lambda w: f"{GROUP}{w.group.pk}/delete/", lambda w: {"post": "yes"}, ("group.deleted",),
    ),
    "the activity is exported": (
        nothing, lambda w: "/admin/integrations/auditevent/export/",
        lambda w: {"format": "csv", "person": str(w.by)}, ("activity.exported",),
    ),
    "the tokens are claimed": (
        _lost, lambda w: "/admin/portal/claim-installation/", lambda w: {"typed": "stopped"}, ("installation.claimed",),
    ),
    "the tokens are ours already": (
        nothing, lambda w: "/admin/portal/claim-installation/", lambda w: {"typed": "stopped"}, (),
    ),
    "old rows are cleared": (
        _old_rows, lambda w: "/admin/portal/retention/run/", lambda w: {}, ("retention.cleared",),
    ),
    "nothing old is cleared": (nothing, lambda w: "/admin/portal/retention/run/", lambda w: {}, ()),
    "practice is removed": (
        nothing, lambda w: "/admin/portal/remove-practice/", lambda w: {}, ("practice.removed",),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PAGES)
def test_a_page_that_changes_something_leaves_one_event_of_who_it_was(world: World, name: str) -> None:
    prepare, url, values, actions = PAGES[name]
    prepare(world)
    target, form, before = url(world), values(world), snapshot()
    with records(*actions) as events:
        response = world.client.post(target, form)
        assert response.status_code in {200, 302}, response.content
    assert {event.actor for event in events} <= {str(world.by)}
    assert (snapshot() != before) or not actions or actions in NOTHING_ELSE
    nameless()


FIRST: Final = ("application.secret_proven", "connection.made", "customer.companies_assigned")


def test_a_consent_is_one_event_whoever_gave_it(tmp_path: Path, settings: Any) -> None:
    customer = customers.named(f"{CANARY} BV", by=PORTAL)
    with practising(tmp_path, settings) as exact:
        for happened in (FIRST, ("connection.renewed",)):
            with records("link.made", *happened) as events:
                exact.connect(Client(), customer=customer)
            assert {event.actor for event in events} == {"portal"}
            nameless()
        with records("connection.checked"):
            assert checks.run(Connection.objects.get(), by=SOMEBODY).ok


def urls(patterns: Any = None, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(pattern, URLResolver):
            yield from urls(pattern.url_patterns, f"{pattern.namespace}:" if pattern.namespace else prefix)
        elif pattern.name:
            yield f"{prefix}{pattern.name}", pattern


PARAMETERS: Final[dict[str, Callable[[World, str], Any]]] = {
    "pk": lambda w, name: next(
        (row.pk for word, row in (("-connection", w.connection), ("customer", w.customer), ("make-link", w.customer),
                                  ("company", w.company)) if word in name),
        w.spare.pk,
    ),
    "application_id": lambda w, name: w.spare.pk,
    "token": lambda w, name: "nonsense",
    "link": lambda w, name: w.link.pk,
    "content_type_id": lambda w, name: 1,
    "app_label": lambda w, name: "integrations",
    "id": lambda w, name: w.anna.pk,
    "object_id": lambda w, name: {
        "auth_group": w.group.pk, "integrations_user": w.anna.pk, "integrations_application": w.spare.pk,
        "integrations_connection": w.connection.pk, "integrations_customer": w.customer.pk,
        "integrations_company": w.company.pk, "integrations_organization": 1,
        "integrations_auditevent": AuditEvent.objects.first().pk,
    }.get(name.removeprefix("admin:").rpartition("_")[0], w.spare.pk),
}  # fmt: skip


def test_an_empty_post_to_any_address_leaves_an_event_where_it_changes_something(world: World) -> None:
    """Whatever address comes to be: what changes a row without a word is found here."""
    seen = 0
    for name, pattern in urls():
        names = list(pattern.pattern.converters) or [*re.compile(str(pattern.pattern)).groupindex]
        if any(parameter not in PARAMETERS for parameter in names):
            continue
        address = reverse(name, kwargs={key: PARAMETERS[key](world, name) for key in names})
        before, events = snapshot(), AuditEvent.objects.count()
        world.client.force_login(world.anna)
        before = {**before, "integrations.User": snapshot()["integrations.User"]}
        response = world.client.post(address)
        assert response.status_code < 500, address
        after, written = snapshot(), AuditEvent.objects.count() - events
        changed = [label for label in after if after[label] != before[label] and label != "integrations.RetentionRun"]
        assert written >= 1 or not changed, (address, changed)
        assert written <= 1, address
        seen += 1
    assert seen > 50


# --- Who may do what ----------------------------------------------------------------------------------------


def test_rights_are_recorded_by_what_was_added_and_removed(world: World) -> None:
    view, add = (Permission.objects.get(codename=f"{verb}_customer") for verb in ("view", "add"))
    old = Group.objects.create(name="Old")
    User.objects.create_superuser("berta", password=PASSWORD)  # somebody is always left who may do everything
    world.anna.groups.set([old])
    world.anna.user_permissions.set([view])
    changed = {"groups": [world.group.pk], "user_permissions": [add.pk], "is_staff": "on", "is_active": ""}
    with records("user.changed") as events:
        world.client.post(f"{USER}{world.anna.pk}/change/", _user_form(world, **changed))
    details = events[0].details
    assert sorted(details.pop("fields")) == ["May sign in", "Roles", "Single rights"]
    assert details == {
        "is_active": [True, False],
        "groups": {"added": [world.group.pk], "removed": [old.pk]},
        "user_permissions": {"added": ["integrations.add_customer"], "removed": ["integrations.view_customer"]},
    }


def test_the_rights_of_a_group_are_recorded(world: World) -> None:
    view, add = (Permission.objects.get(codename=f"{verb}_customer") for verb in ("view", "add"))
    form = {"name": world.group.name, "permissions": [view.pk, add.pk]}
    url = f"{GROUP}{world.group.pk}/change/"
    with records("group.changed") as events:
        world.client.post(url, form)
    both = ["integrations.add_customer", "integrations.view_customer"]
    assert events[0].details == {"fields": ["Rights"], "permissions": {"added": both}}
    with records():
        world.client.post(url, form)
    with records("group.changed") as events:
        world.client.post(url, {"name": world.group.name})
    assert events[0].details["permissions"] == {"removed": both}
    page = world.client.get("/admin/integrations/auditevent/").content.decode()
    assert "permissions: removed integrations.add_customer, integrations.view_customer" in page


# --- Services -----------------------------------------------------------------------------------------------


def _asked(world: World) -> filters.Asked:
    return filters.read({}, timezone.get_default_timezone())


def _cleared(world: World) -> None:
    old_events(1)
    retention.run(by=world.by)


def _enabled(world: World) -> None:
    applications.enable(world.enabled, by=world.by)


def _renamed(world: World) -> None:
    world.spare.name = "New"
    applications.change(world.spare, by=world.by)


def _stood(world: World) -> None:
    applications.record_as_it_stood(
        world.spare, by=world.by, permission="refused", note=CANARY, scopes={"crm.accounts": "read"}
    )


def _moved(world: World) -> None:
    django_settings.PUBLIC_URL = "https://moved.example.com"
    applications.follow_address(world.spare, by=world.by)


def _customer_renamed(world: World) -> None:
    world.customer.name = world.customer.contact_name = f"{CANARY} NV"
    customers.change(world.customer, by=world.by)


def _unlinked() -> None:
    Company.objects.all().delete()
    Connection.objects.all().delete()
    Installation.objects.all().delete()


def _furnished(world: World) -> None:
    _unlinked()
    Application.objects.all().delete()
    django_settings.LOCAL_SANDBOXES = {"nl": 1}
    practice.furnish(lambda *_: {"client_id": str(uuid4()), "client_secret": SECRET}, by=world.by)


def _answer(world: World) -> LibraryAnswer:
    return answers.add(LibraryAnswer(number=4, name=CANARY, answer="yes", explanation=CANARY), by=world.by)


def _answer_changed(world: World) -> None:
    answer = _answer(world)
    answer.explanation = f"{CANARY} two"
    answers.change(answer, by=world.by)


def _new(world: World) -> Application:
    return Application(region="uk", kind="product", name="Another")


TODAY: Final = timezone.localdate()
SUBMITTED: Final = ("review.begun", "review.saved", "review.stepped")
SERVICES: Final[dict[str, tuple[Callable[[World], Any], tuple[str, ...]]]] = {
    "accounts.first_administrator": (
        lambda w: (User.objects.update(is_active=False), accounts.first_administrator(by=w.by)), ("user.added",),
    ),
    "accounts.new_password": (lambda w: accounts.new_password("anna", by=w.by), ("user.password_set",)),
    "activity.export": (lambda w: list(activity.export(_asked(w), "json", by=w.by)), ("activity.exported",)),
    "answers.add": (_answer, ("answer.added",)),
    "answers.change": (_answer_changed, ("answer.added", "answer.changed")),
    "answers.delete": (
        lambda w: answers.delete(_answer(w), by=w.by), ("answer.added", "answer.deleted"),
    ),
    "applications.add": (lambda w: applications.add(_new(w), by=w.by), ("application.added",)),
    "applications.change": (_renamed, ("application.changed",)),
    "applications.disable": (
        lambda w: applications.disable(w.enabled, by=w.by), ("application.disabled",),
    ),
    "applications.enable": (
        lambda w: (applications.disable(w.enabled, by=w.by), _enabled(w)),
        ("application.disabled", "application.enabled"),
    ),
    "applications.follow_address": (_moved, ("application.address_followed",)),
    "applications.record_as_it_stood": (_stood, ("application.stood_recorded",)),
    "applications.register": (
        lambda w: applications.register(w.spare, w.spare.redirect_uri, by=w.by), ("application.registered",),
    ),
    "app_states.archive": (lambda w: app_states.archive(w.spare, by=w.by), ("application.archived",)),
    "app_states.lift": (
        lambda w: (app_states.stop(w.spare, by=w.by), app_states.lift(w.spare, by=w.by)),
        ("application.stopped", "application.lifted"),
    ),
    "app_states.remove": (lambda w: app_states.remove(w.spare, by=w.by), ("application.deleted",)),
    "app_states.restore": (
        lambda w: (app_states.archive(w.spare, by=w.by), app_states.restore(w.spare, by=w.by)),
        ("application.archived", "application.restored"),
    ),
    "app_states.stop": (lambda w: app_states.stop(w.enabled, by=w.by), ("application.stopped",)),
    "backups.record": (
        lambda w: backups.record(backups.Backup(Path("b"), 1, "sqlite", "0001"), by=w.by), ("backup.made",),
    ),
    "calendar_feeds.make": (lambda w: calendar_feeds.make(w.anna, by=w.by), ("calendar.made",)),
    "calendar_feeds.revoke": (
        lambda w: (_fed(w), calendar_feeds.revoke(w.anna, by=w.by)), ("calendar.made", "calendar.revoked"),
    ),
    "checks.run": (lambda w: checks.run(w.connection, by=w.by), ("connection.checked",)),
    "companies.assign": (lambda w: companies.assign(w.company, w.customer, by=w.by), ("company.assigned",)),
    "companies.choose": (
        lambda w: companies.choose(w.connection, [w.company.pk], by=w.by), ("connection.companies_chosen",),
    ),
    "companies.see": (
        lambda w: (_changed(w), companies.see(w.connection, by=w.by)), ("connection.changes_seen",),
    ),
    "companies.turn": (lambda w: companies.turn(w.company, used=False, by=w.by), ("company.not_used",)),
    "customers.add": (lambda w: customers.add(Customer(name=f"{CANARY} NV"), by=w.by), ("customer.added",)),
    "customers.change": (_customer_renamed, ("customer.changed",)),
    "customers.disconnect": (
        lambda w: (companies.assign(w.company, w.customer, by=w.by), customers.disconnect(w.customer, by=w.by)),
        ("company.assigned", "connection.disconnected", "customer.disconnected"),
    ),
    "customers.erase": (lambda w: customers.erase(w.customer, by=w.by), ("customer.erased",)),
    "customers.named": (lambda w: customers.named(f"{CANARY} NV", by=w.by), ("customer.added",)),
    "disconnecting.disconnect": (
        lambda w: disconnecting.disconnect(w.connection, by=w.by), ("connection.disconnected",),
    ),
    "installation.claim": (lambda w: (_lost(w), installation.claim(by=w.by)), ("installation.claimed",)),
    "installation.settle": (
        lambda w: (Installation.objects.all().delete(), installation.settle(by=w.by, upgraded=True)),
        ("installation.claimed",),
    ),
    "key_copies.confirm": (
        lambda w: key_copies.confirm(keyring.ring().first.id, by=w.by), ("keys.stored_elsewhere",),
    ),
    "imports.keep": (
        lambda w: imports.keep(w.enabled, "a-refresh-token", by=w.by, customer=w.customer),
        ("connection.imported",),
    ),
    "key_tests.run": (lambda w: key_tests.run(w.enabled, by=w.by), ("application.keys_tested",)),
    "links.revoke": (
        lambda w: links.revoke(links.make(w.enabled, by=w.by, customer=w.customer).page, by=w.by),
        ("link.made", "link.revoked"),
    ),
    "links.make": (lambda w: links.make(w.enabled, by=w.by, customer=w.customer), ("link.made",)),
    "permissions.take": (
        lambda w: permissions.take(w.spare, "record_granted", by=w.by, on=date(2026, 3, 1), note=CANARY),
        ("permission.stepped",),
    ),
    "practice.furnish": (
        _furnished,
        (
            "application.added", "application.registered", "application.secret_set",
            "application.stood_recorded", "application.enabled",
        ),
    ),
    "practice.remove": (lambda w: practice.remove(by=w.by), ("practice.removed",)),
    "refreshing.run": (lambda w: refreshing.run(w.connection, by=w.by), ("connection.refresh_asked",)),
    "replacements.make": (
        lambda w: replacements.make(w.connection, by=w.by), ("link.made", "connection.replacement_asked"),
    ),
    "retention.run": (_cleared, ("retention.cleared",)),
    "review_evidence.pack": (
        lambda w: review_evidence.pack(reviews.begin(w.enabled, by=w.by), by=w.by), ("review.begun", "review.packed"),
    ),
    "reviewer_questions.answer": (
        lambda w: reviewer_questions.answer(
            reviewer_questions.ask(canaries(w.enabled, CANARY, by=w.by, submit=True), CANARY, by=w.by, asked_on=TODAY),
            CANARY, by=w.by, answered_on=TODAY,
        ),
        (*SUBMITTED, "review.questioned", "review.question_answered"),
    ),
    "reviewer_questions.ask": (
        lambda w: reviewer_questions.ask(
            canaries(w.enabled, CANARY, by=w.by, submit=True), CANARY, by=w.by, asked_on=TODAY
        ),
        (*SUBMITTED, "review.questioned"),
    ),
    "reviews.begin": (lambda w: reviews.begin(w.enabled, by=w.by), ("review.begun",)),
    "reviews.save": (lambda w: canaries(w.enabled, CANARY, by=w.by), ("review.begun", "review.saved")),
    "reviews.take": (
        lambda w: reviews.take(
            canaries(w.enabled, CANARY, by=w.by, submit=True), "reject", by=w.by, on=TODAY, note=CANARY,
            concerned=["contact"],
        ),
        (*SUBMITTED, "review.stepped"),
    ),
    "rotation.rotate": (lambda w: list(rotation.rotate(by=w.by)), ("keys.rotated",)),
    "scopes.adopt": (_chosen, ("scopes.selected",)),
    "scopes.refuse": (_refused_scope, ("workflow.refused",)),
    "scopes.select": (
        lambda w: scopes.select(w.spare, [("crm.accounts", "read")], by=w.by, reasons={"crm.accounts": CANARY}),
        ("scopes.selected",),
    ),
    "scopes.undo": (
        lambda w: (_chosen(w), scopes.undo(w.spare, str(scopes.latest(w.spare)[0].pk), by=w.by)),
        ("scopes.selected", "scopes.selected"),
    ),
    "secrets.set": (lambda w: secrets.set(w.spare, SECRET, by=w.by), ("application.secret_set",)),
}  # fmt: skip


def verbs() -> set[str]:
    """Every public function of the services that asks who acts."""
    found = set()
    for module in pkgutil.iter_modules(integrations.services.__path__):
        if module.name == "rights":  # asks who acts, and does nothing
            continue
        loaded = import_module(f"integrations.services.{module.name}")
        for name, function in inspect.getmembers(loaded, inspect.isfunction):
            ours = function.__module__ == loaded.__name__ and not name.startswith("_")
            if ours and "by" in inspect.signature(function).parameters:
                found.add(f"{module.name}.{name}")
    return found


ELSEWHERE: Final = frozenset({"takeover.tell"})
"""Writes its event into the database of the other portal; has tests of its own."""
PARTS: Final = frozenset(
    {
        "connection_statuses.begun",
        "connection_statuses.change",
        "disconnecting.close",
        "disconnecting.retire",
        "links.stop",
        "permissions.record_as_it_stood",
        "scope_approvals.add",
        "scope_approvals.record_as_it_stood",
        "token_store.destroy",
        "workflow_rows.add",
        "workflow_rows.refusals_recorded",
    }
)
"""Write rows in the transaction and the event of whoever asks."""


def test_every_verb_that_asks_who_acts_has_a_case() -> None:
    assert verbs() - ELSEWHERE - PARTS == set(SERVICES)


@pytest.mark.parametrize("name", SERVICES)
def test_a_verb_leaves_one_event_for_each_thing_it_did(world: World, settings: Any, name: str) -> None:
    verb, actions = SERVICES[name]
    settings.LOCAL_SANDBOXES, settings.PUBLIC_URL = {}, settings.PUBLIC_URL  # given back, whatever a verb sets
    with records(*actions) as events:
        verb(world)
    assert {event.actor for event in events} == {str(world.by)}
    nameless()


def test_what_the_clock_asks_for_is_no_event_of_a_person(world: World) -> None:
    with records():
        checks.run(world.connection)


# --- No names, no secrets -----------------------------------------------------------------------------------


def nameless() -> None:
    """No event holds a name, an address or a secret of people or customers."""
    written = json.dumps(list(AuditEvent.objects.values()), default=str, ensure_ascii=False)
    connection = Connection.objects.first()
    of_exact = [connection.full_name, connection.user_name, connection.email] if connection else []
    for hidden in (CANARY, PASSWORD, SECRET, "Smit", "correct horse", "v1.", *filter(None, of_exact)):
        assert hidden not in written, hidden


def test_the_scan_finds_what_it_looks_for(world: World) -> None:
    nameless()
    AuditEvent.objects.create(
        actor="portal", action="a.b", object_type="user", object_id="1", details={"name": world.anna.get_full_name()}
    )
    with pytest.raises(AssertionError):
        nameless()


def test_a_fingerprint_is_no_secret_and_ids_are_ids(world: World) -> None:
    for event in AuditEvent.objects.filter(action="link.made"):
        assert UUID(event.details["link"])
    assert keyring.fingerprint(SECRET) not in SECRET


# --- Words for all ------------------------------------------------------------------------------------------

CODE: Final = re.compile(r"[a-z]+\.[a-z_]+")


def recorded_in_code() -> set[str]:
    """Return the actions that the code can record, read from its syntax."""
    actions: set[str] = set()
    for path in Path(integrations.__file__).parent.rglob("*.py"):
        if "migrations" in path.parts or "sandbox" in path.parts:
            continue
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            # services.takeover writes into another database, by hand, in a function that is named for it.
            named = isinstance(function, ast.FunctionDef) and function.name == "_record"
            if isinstance(function, ast.FunctionDef) and (named or any(map(_records, ast.walk(function)))):
                texts = (node.value for node in ast.walk(function) if isinstance(node, ast.Constant))
                actions |= {text for text in texts if isinstance(text, str) and CODE.fullmatch(text)}
    actions -= roles.RIGHTS.keys()
    stock = {f"{kind}.{verb}" for kind in ("user", "group", "organization") for verb in ("added", "changed")}
    return actions | stock | {"group.deleted"}


def _records(node: ast.AST) -> bool:
    called = node.func if isinstance(node, ast.Call) else None
    return getattr(called, "attr", getattr(called, "id", "")) in {"record", "_record"}


def test_every_action_that_the_code_records_has_words() -> None:
    actions = recorded_in_code()
    assert len(actions) > 25
    assert actions == set(wording.ACTIONS)


def test_everything_that_events_are_about_has_a_word(world: World) -> None:
    old_events(1)
    retention.run(by=world.by)
    list(rotation.rotate(by=world.by))
    Organization.objects.create(name="x")
    for name in ("a group is changed", "a member of staff is changed", "the organization is changed"):
        _, url, values, _ = PAGES[name]
        world.client.post(url(world), values(world))
    kinds = set(AuditEvent.objects.values_list("object_type", flat=True))
    assert len(kinds) > 6
    assert kinds <= set(wording.KINDS)


def test_what_was_cleared_is_said_by_kinds_that_exist(world: World) -> None:
    old_events(2)
    run = retention.run(by=world.by)
    event = AuditEvent.objects.get(action="retention.cleared")
    assert set(event.details) == set(run.went) <= {kind.name for kind in ages.KINDS}
    assert timezone.now() - run.started_at < timedelta(minutes=1)
