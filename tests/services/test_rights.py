"""Services ask for the right of whoever acts; roles hold what the table says, after every migration."""

from collections.abc import Callable
from datetime import UTC, date
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.utils import timezone

from integrations import migrations
from integrations.models import (
    Application,
    AuditEvent,
    Company,
    Connection,
    Customer,
    LibraryAnswer,
    LinkPage,
    Review,
    ReviewerQuestion,
    User,
)
from integrations.rules import roles
from integrations.rules.activity import read as asked
from integrations.rules.actors import PORTAL, Actor
from integrations.rules.review_form import BLANK
from integrations.services import (
    activity,
    answers,
    app_states,
    applications,
    checks,
    companies,
    customers,
    installation,
    key_copies,
    key_tests,
    links,
    permissions,
    practice,
    retention,
    review_evidence,
    reviewer_questions,
    reviews,
    rights,
    secrets,
)
from integrations.services import roles as groups
from integrations.services.refusals import Refused
from integrations.services.rights import NotPermitted
from tests.conftest import CLIENT_ID, SECRET

MakeApp = Callable[..., Application]
SECOND = {"region": "uk", "kind": "testing", "name": "Second"}
EVERYTHING = asked({}, UTC)
TODAY = timezone.localdate()
VERBS: dict[str, tuple[str, Callable[..., Any]]] = {
    "add": ("add_application", lambda app, by: applications.add(Application(**SECOND), by=by)),
    "add with keys": (
        "set_keys",
        lambda app, by: applications.add(Application(**SECOND, client_id=CLIENT_ID), by=by),
    ),
    "change": ("change_application", lambda app, by: applications.change(app, by=by)),
    "enable": ("enable_application", lambda app, by: applications.enable(app, by=by)),
    "disable": ("enable_application", lambda app, by: applications.disable(app, by=by)),
    "remove": ("delete_application", lambda app, by: app_states.remove(app, by=by)),
    "register": ("change_application", lambda app, by: applications.register(app, app.redirect_uri, by=by)),
    "follow address": ("change_application", lambda app, by: applications.follow_address(app, by=by)),
    "stop": ("enable_application", lambda app, by: app_states.stop(app, by=by)),
    "lift": ("enable_application", lambda app, by: app_states.lift(app, by=by)),
    "archive": ("enable_application", lambda app, by: app_states.archive(app, by=by)),
    "restore": ("enable_application", lambda app, by: app_states.restore(app, by=by)),
    "set keys": ("set_keys", lambda app, by: secrets.set(app, SECRET, by=by)),
    "test keys": ("set_keys", lambda app, by: key_tests.run(app, by=by)),
    "link": ("connect", lambda app, by: links.make(app, by=by)),
    "revoke a link": ("connect", lambda app, by: links.revoke(LinkPage(), by=by)),
    "try": (
        "link_without_permission", lambda app, by: links.make(app, by=by, customer=Customer(), tried_because="So."),
    ),
    "record permission": (
        "record_review", lambda app, by: permissions.take(app, "grant", by=by, on=date(2026, 5, 3)),
    ),
    "record how it stood": (
        "record_review",
        lambda app, by: applications.record_as_it_stood(app, by=by, permission="granted", scopes={}),
    ),
    "customer": ("add_customer", lambda app, by: customers.named("Jansen BV", by=by)),
    "check": ("check_connection", lambda app, by: checks.run(Connection(application=app), by=by)),
    "remove practice": ("delete_application", lambda app, by: practice.remove(by=by)),
    "change a customer": ("change_customer", lambda app, by: customers.change(Customer(), by=by)),
    "assign": ("change_customer", lambda app, by: companies.assign(Company(), None, by=by)),
    "disconnect": ("disconnect_connection", lambda app, by: customers.disconnect(Customer(), by=by)),
    "erase": ("erase_customer", lambda app, by: customers.erase(Customer(), by=by)),
    "export": ("export_auditevent", lambda app, by: activity.export(EVERYTHING, "csv", by=by)),
    "clear": ("operate_portal", lambda app, by: retention.run(by=by)),
    "confirm a key": ("operate_portal", lambda app, by: key_copies.confirm("k1", by=by)),
    "begin a review": ("prepare_review", lambda app, by: reviews.begin(app, by=by)),
    "save a review": (
        "prepare_review", lambda app, by: reviews.save(Review(application=app), BLANK, by=by, version=1),
    ),
    "step of a review": (
        "record_review", lambda app, by: reviews.take(Review(application=app), "submit", by=by, on=TODAY),
    ),
    "invented step": (
        "record_review", lambda app, by: reviews.take(Review(application=app), "explode", by=by, on=TODAY),
    ),
    "reviewer's question": (
        "record_review",
        lambda app, by: reviewer_questions.ask(Review(application=app), "Why?", by=by, asked_on=TODAY),
    ),
    "answer to a reviewer": (
        "record_review",
        lambda app, by: reviewer_questions.answer(ReviewerQuestion(), "So.", by=by, answered_on=TODAY),
    ),
    "pack evidence": ("view_application", lambda app, by: review_evidence.pack(Review(application=app), by=by)),
    "add an answer": ("prepare_review", lambda app, by: answers.add(LibraryAnswer(), by=by)),
    "change an answer": ("prepare_review", lambda app, by: answers.change(LibraryAnswer(), by=by)),
    "delete an answer": ("prepare_review", lambda app, by: answers.delete(LibraryAnswer(), by=by)),
    "claim": ("claim_installation", lambda app, by: installation.claim(by=by)),
}  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("verb", VERBS)
def test_a_service_refuses_a_person_without_the_right(make_app: MakeApp, verb: str) -> None:
    code, do = VERBS[verb]
    application = make_app()
    events = AuditEvent.objects.count()
    user = User.objects.create_user("bob", is_staff=True)
    user.user_permissions.set(Permission.objects.exclude(codename=code))
    with pytest.raises(NotPermitted) as refused:
        do(application, Actor.person(user.pk))
    assert refused.value.reasons == (roles.refusal(f"integrations.{code}"),)
    assert (Application.objects.count(), AuditEvent.objects.count()) == (1, events)


@pytest.mark.django_db
def test_a_client_id_is_a_key(make_app: MakeApp) -> None:
    application = make_app()
    user = User.objects.create_user("bob", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="change_application"))
    application.client_id = str(uuid4())
    with pytest.raises(NotPermitted, match="Enter, replace and test an app's keys"):
        applications.change(application, by=Actor.person(user.pk))
    application.refresh_from_db()
    application.name = "New"
    assert applications.change(application, by=Actor.person(user.pk)) == {"name": ["Meridian Bookings", "New"]}


@pytest.mark.django_db
def test_commands_and_the_portal_pass_and_people_need_an_active_account(anna: User) -> None:
    for by in (PORTAL, Actor.command("root"), Actor.person(anna.pk)):
        rights.require(by, "integrations.set_keys")
    User.objects.update(is_active=False)
    for by in (Actor.person(anna.pk), Actor.person(uuid4())):
        with pytest.raises(Refused):
            rights.require(by, "integrations.set_keys")


# --- Roles as groups ------------------------------------------------------------------------------------------


def held() -> dict[str, frozenset[str]]:
    return {group.name: rights.of_choice([group], []) for group in Group.objects.all()}


@pytest.mark.django_db
def test_a_migrated_database_has_the_roles_of_the_table() -> None:
    assert held() == {role.name: role.rights for role in roles.ROLES}


@pytest.mark.django_db
def test_every_right_in_the_database_is_in_the_table() -> None:
    """A permission that no table names would be one that nobody can give."""
    rows = Permission.objects.filter(content_type__app_label="integrations")
    assert rights.codes(rows) == {code for code in roles.RIGHTS if code.startswith("integrations.")}
    assert rights.codes(rights.listed()) == roles.RIGHTS.keys()


@pytest.mark.django_db
def test_migrating_again_brings_roles_in_line_and_leaves_our_own_groups(anna: User) -> None:
    own = Group.objects.create(name="Field team")
    own.permissions.set(Permission.objects.filter(codename="set_keys"))
    viewer = Group.objects.get(name="Viewer")
    viewer.permissions.set(Permission.objects.filter(codename__in=["set_keys", "view_application"]))
    viewer.user_set.add(anna)
    Group.objects.get(name="Support").delete()
    call_command("migrate", verbosity=0)
    assert held() == {role.name: role.rights for role in roles.ROLES} | {
        "Field team": frozenset({"integrations.set_keys"})
    }
    assert list(viewer.user_set.all()) == [anna]
    event = AuditEvent.objects.get(action="role.brought_in_line")
    assert (event.object_id, event.actor) == (str(viewer.pk), "portal")
    assert event.details["removed"] == ["integrations.set_keys"]
    assert groups.bring_in_line() == []
    assert AuditEvent.objects.count() == 1


@pytest.mark.django_db
def test_a_group_that_has_the_name_of_a_role_keeps_its_rights_under_another_one(anna: User) -> None:
    """Nobody gets rights by an upgrade."""
    (name,) = (path.stem for path in Path(migrations.__file__).parent.glob("*_roles.py"))
    migration = import_module(f"{migrations.__name__}.{name}")
    Group.objects.all().delete()
    mine = Group.objects.create(name="Support")
    Group.objects.create(name="Support (own)")
    mine.permissions.set(Permission.objects.filter(codename="view_application"))
    mine.user_set.add(anna)
    migration.make_roles(apps, None)
    groups.bring_in_line()
    assert held().keys() == {*roles.BY_NAME, "Support (own)", "Support (own 2)"}
    assert held()["Support"] == roles.SUPPORT.rights
    mine.refresh_from_db()
    assert (mine.name, held()[mine.name]) == ("Support (own 2)", {"integrations.view_application"})
    assert list(mine.user_set.all()) == [anna]
    assert not Group.objects.get(name="Support").user_set.exists()
    assert tuple(roles.BY_NAME) == migration.ROLES
    migration.remove_roles(apps, None)
    assert held().keys() == {"Support (own)", "Support (own 2)"}
