"""Apps and their secrets: one transaction and one event a change."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import IntegrityError
from django.utils import timezone

from integrations.models import Application, AuditEvent, ClientSecret, Connection, User
from integrations.rules.actors import Actor
from integrations.services import applications, secrets
from integrations.services.refusals import Conflict, Refused
from integrations.services.rights import NotPermitted
from tests.conftest import CLIENT_ID, SECRET, SOMEBODY
from tests.customers import connect

pytestmark = pytest.mark.django_db
MakeApp = Callable[..., Application]


def actions() -> list[str]:
    return list(AuditEvent.objects.order_by("at").values_list("action", flat=True))


def test_a_new_app_is_tied_to_the_exact_it_was_made_for(settings: Any, make_app: MakeApp) -> None:
    settings.EXACT_ORIGINS = {"nl": "http://127.0.0.1:9000"}
    application = make_app()
    settings.EXACT_ORIGINS = {"nl": "https://start.exactonline.nl"}
    applications.change(application, by=SOMEBODY)
    application.refresh_from_db()
    assert application.origin == "http://127.0.0.1:9000"
    assert application.is_practice
    assert not make_app(client_id=None).is_practice


def test_a_new_app_gets_the_redirect_url_of_its_own(make_app: MakeApp) -> None:
    application = make_app()
    assert application.redirect_uri == f"http://testserver/oauth/callback/{application.pk}/"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"region": "fr"}, "There is no region"),
        ({"region": ""}, "There is no region"),
        ({"kind": "public"}, "not a valid choice"),
        ({"name": "  "}, "cannot be blank"),
        ({"name": "x" * 101}, "at most 100"),
        ({"name": "\u200b"}, "Nothing of this name can be seen"),
        ({"name": "Meridian \u202e"}, "changes how a page reads"),
        ({"client_id": "nonsense"}, "a Client ID is a GUID"),
    ],
)
def test_an_app_that_cannot_be_is_refused_and_leaves_nothing(
    make_app: MakeApp, fields: dict[str, str], reason: str
) -> None:
    with pytest.raises(Refused, match=reason):
        make_app(secret=None, **fields)
    assert not Application.objects.exists()
    assert not AuditEvent.objects.exists()


def test_an_app_that_is_here_is_not_added_again(make_app: MakeApp) -> None:
    first = make_app()
    again = Application(pk=first.pk, region="uk", kind="testing", name="Another")
    with pytest.raises(applications.AlreadyAdded):
        applications.add(again, by=SOMEBODY)
    assert Application.objects.get().name == "Meridian Bookings"
    assert actions().count("application.added") == 1


def test_somebody_who_is_faster_with_the_same_app_wins(make_app: MakeApp, monkeypatch: pytest.MonkeyPatch) -> None:
    first = make_app(client_id=None, secret=None)
    look, looked = applications._refuse_second, []
    # As if both had looked before either wrote.
    monkeypatch.setattr(applications, "_refuse_second", lambda app: look(app) if looked else looked.append(app))
    monkeypatch.setattr(Application, "full_clean", lambda self: None)
    with pytest.raises(applications.AlreadyAdded):
        applications.add(Application(pk=first.pk, region="uk", kind="testing", name="Another"), by=SOMEBODY)
    assert Application.objects.get().name == "Meridian Bookings"


def test_a_taken_client_id_is_refused_in_its_region_only(make_app: MakeApp) -> None:
    make_app()
    make_app(region="uk")
    with pytest.raises(Refused, match="has this Client ID already"):
        make_app(client_id=CLIENT_ID.upper())


def test_somebody_who_is_faster_with_the_same_client_id_wins(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_app()
    monkeypatch.setattr(Application, "full_clean", lambda self: None)  # as if both had looked before either wrote
    with pytest.raises(Refused, match="has this Client ID already"):
        make_app()


def test_another_broken_constraint_is_no_taken_client_id(make_app: MakeApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Application, "full_clean", lambda self: None)
    with pytest.raises(IntegrityError):
        make_app(kind="public")


def test_a_change_records_what_differs(make_app: MakeApp) -> None:
    application = make_app()
    application.name = "  Meridian   Rooms "
    assert applications.change(application, by=SOMEBODY) == {"name": ["Meridian Bookings", "Meridian Rooms"]}
    application.refresh_from_db()
    assert (application.name, application.version) == ("Meridian Rooms", 2)
    event = AuditEvent.objects.latest("at")
    assert (event.action, event.details) == ("application.changed", {"name": ["Meridian Bookings", "Meridian Rooms"]})


def test_a_change_of_nothing_records_nothing(make_app: MakeApp) -> None:
    application = make_app()
    before = actions()
    assert applications.change(application, by=SOMEBODY) == {}
    assert actions() == before


def test_the_kind_can_change_until_there_is_a_client_id(make_app: MakeApp) -> None:
    application = make_app(secret=None, client_id=None)
    application.kind = "testing"
    assert applications.change(application, by=SOMEBODY) == {"kind": ["product", "testing"]}
    application.client_id = CLIENT_ID
    applications.change(application, by=SOMEBODY)
    application.kind = "product"
    with pytest.raises(Refused, match="The kind belongs to the registration at Exact"):
        applications.change(application, by=SOMEBODY)


def test_a_client_id_by_which_connections_live_stays(make_app: MakeApp) -> None:
    application = make_app()
    connection = connect(application)
    application.client_id = CLIENT_ID.replace("1b0a", "2b0a")
    with pytest.raises(Refused, match="1 connection lives by the present Client ID"):
        applications.change(application, by=SOMEBODY)
    Connection.objects.filter(pk=connection.pk).update(status="reconnect", refresh_token="", next_check_at=None)
    assert "client_id" in applications.change(application, by=SOMEBODY)


def test_a_form_that_was_filled_in_from_an_older_app_is_refused(make_app: MakeApp, anna: User) -> None:
    application = make_app()
    first, second = Application.objects.get(pk=application.pk), Application.objects.get(pk=application.pk)
    first.owner, second.owner = "Meridian Holding", "Meridian UK"
    applications.change(first, by=Actor.person(anna.pk), version=1)
    with pytest.raises(Conflict, match="Anna Smit changed the app after you opened this page") as refused:
        applications.change(second, by=SOMEBODY, version=1)
    assert refused.value.version == 2
    assert Application.objects.get().owner == "Meridian Holding"
    assert [event.action for event in applications.changes_since(application, 1)] == ["application.changed"]
    applications.change(second, by=SOMEBODY, version=2)
    assert Application.objects.get().owner == "Meridian UK"


def test_enabling_is_no_new_version(make_app: MakeApp) -> None:
    application = make_app(enable=True)
    application.owner = "Meridian Holding"
    applications.change(application, by=SOMEBODY, version=1)
    assert Application.objects.get().is_enabled


def test_an_event_holds_no_names_of_colleagues(make_app: MakeApp) -> None:
    application = make_app()
    application.caretakers, application.owner = " Anna  Smit \n\nBob Jansen", "Meridian Group"
    applications.change(application, by=SOMEBODY)
    assert Application.objects.get().caretakers == "Anna Smit\nBob Jansen"
    assert AuditEvent.objects.latest("at").details == {
        "owner": ["", "Meridian Group"],
        "fields": ["colleagues who can sign in to Manage my apps"],
    }


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"name": "x" * 101}, "at most 100"),
        ({"caretakers": "x" * 1001}, "at most 1000"),
    ],
)
def test_what_cannot_be_is_not_changed(make_app: MakeApp, fields: dict[str, Any], reason: str) -> None:
    application = make_app()
    for name, value in fields.items():
        setattr(application, name, value)
    with pytest.raises(Refused, match=reason):
        applications.change(application, by=SOMEBODY)
    assert Application.objects.get().version == 1


def test_what_was_entered_at_exact_is_recorded_with_who_and_when(make_app: MakeApp) -> None:
    application = make_app()
    applications.register(application, f" {application.redirect_uri}\n", by=SOMEBODY)
    assert application.registered_redirect_uri == application.redirect_uri
    assert application.registered_by == str(SOMEBODY)
    assert application.registered_at is not None
    before = actions()
    applications.register(application, application.redirect_uri, by=SOMEBODY)
    assert actions() == before
    assert before[-1] == "application.registered"


def test_another_redirect_url_at_exact_is_recorded_and_keeps_the_app_from_being_enabled(
    make_real_app: MakeApp,
) -> None:
    application = make_real_app()
    applications.register(application, application.redirect_uri[:-1], by=SOMEBODY)
    with pytest.raises(Refused, match="The Redirect URL at Exact is not the one that the portal sends"):
        applications.enable(application, by=SOMEBODY)
    with pytest.raises(Refused, match="no web address"):
        applications.register(application, "somewhere", by=SOMEBODY)


def test_an_app_follows_the_portal_to_its_new_address(make_app: MakeApp, settings: Any) -> None:
    application = make_app()
    with pytest.raises(Refused, match="present address already"):
        applications.follow_address(application, by=SOMEBODY)
    settings.PUBLIC_URL = "https://new.example.com"
    applications.follow_address(application, by=SOMEBODY)
    assert application.redirect_uri == f"https://new.example.com/oauth/callback/{application.pk}/"
    assert actions()[-1] == "application.address_followed"


def test_enabling_again_lets_every_living_connection_be_checked_at_once(make_app: MakeApp) -> None:
    application = make_app()
    connected, verifying, dead = (
        connect(application, name, status=name, next_check_at=timezone.now() + timedelta(days=5))
        for name in ("connected", "verifying", "reconnect")
    )
    applications.enable(application, by=SOMEBODY)
    due = {row.pk for row in Connection.objects.filter(next_check_at__lte=timezone.now())}
    assert due == {connected.pk, verifying.pk}
    assert Connection.objects.get(pk=dead.pk).next_check_at is None


def test_an_enabled_app_keeps_a_client_id(make_app: MakeApp) -> None:
    application = make_app(enable=True)
    application.client_id = None
    with pytest.raises(Refused, match="needs its Client ID"):
        applications.change(application, by=SOMEBODY)


def test_enabling_and_disabling_say_who_and_when(make_app: MakeApp, anna: User) -> None:
    application, by = make_app(), Actor.person(anna.pk)
    applications.enable(application, by=by)
    assert (application.is_enabled, application.enabled_by) == (True, str(by))
    applications.disable(application, by=by)
    assert (application.is_enabled, application.enabled_by) == (False, "")
    assert actions()[-2:] == ["application.enabled", "application.disabled"]


def test_enabling_is_refused_with_every_unmet_condition(make_app: MakeApp) -> None:
    application = make_app(secret=None, client_id=None)
    with pytest.raises(Refused) as refused:
        applications.enable(application, by=SOMEBODY)
    assert len(refused.value.reasons) == 2
    assert refused.value.reasons == applications.why_not_enabled(application)


def test_an_app_is_enabled_and_disabled_once(make_app: MakeApp) -> None:
    application = make_app(enable=True)
    with pytest.raises(Refused, match="enabled already"):
        applications.enable(application, by=SOMEBODY)
    applications.disable(application, by=SOMEBODY)
    with pytest.raises(Refused, match="disabled already"):
        applications.disable(application, by=SOMEBODY)


def test_an_app_with_a_secret_that_does_not_open_cannot_be_enabled(make_app: MakeApp) -> None:
    application = make_app()
    ClientSecret.objects.update(sealed="v1.lost.AAAA")
    with pytest.raises(Refused, match="cannot be opened with the present keys"):
        applications.enable(application, by=SOMEBODY)


def test_a_secret_is_stored_sealed_with_who_and_when(make_app: MakeApp) -> None:
    row = make_app().secrets.get()
    assert SECRET not in row.sealed
    assert (row.status, row.version, row.set_by) == ("current", 1, str(SOMEBODY))
    assert len(row.fingerprint) == 9


def test_the_same_secret_again_changes_nothing(make_app: MakeApp) -> None:
    application = make_app()
    before, events = list(ClientSecret.objects.values()), actions()
    secrets.set(application, f"  {SECRET}\n", by=SOMEBODY)
    assert list(ClientSecret.objects.values()) == before
    assert actions() == events


def test_a_replacement_of_an_unproven_secret_takes_its_place(make_app: MakeApp) -> None:
    application = make_app()
    secrets.set(application, "another1secret", by=SOMEBODY)
    assert [(row.version, row.status, bool(row.sealed)) for row in application.secrets.order_by("version")] == [
        (1, "retired", False),
        (2, "current", True),
    ]


def test_a_replacement_of_a_proven_secret_waits_beside_it(make_app: MakeApp) -> None:
    application = make_app()
    application.secrets.update(proven_at=timezone.now())
    secrets.set(application, "another1secret", by=SOMEBODY)
    secrets.set(application, "a1third2secret", by=SOMEBODY)
    assert [(row.version, row.status) for row in application.secrets.order_by("version")] == [
        (1, "current"),
        (2, "retired"),
        (3, "newer"),
    ]
    assert [stored.status for stored in secrets.stored(application)] == ["In use", "Newer, not yet proven"]


def test_entering_the_secret_in_use_again_takes_a_newer_one_back(make_app: MakeApp) -> None:
    application = make_app()
    application.secrets.update(proven_at=timezone.now())
    newer = secrets.set(application, "another1secret", by=SOMEBODY)
    before = len(actions())
    row = secrets.set(application, SECRET, by=SOMEBODY, after=newer.version)
    assert (row.version, row.status) == (1, "current")
    assert [(row.version, row.status, bool(row.sealed)) for row in application.secrets.order_by("version")] == [
        (1, "current", True),
        (2, "retired", False),
    ]
    (event,) = AuditEvent.objects.filter(action="application.secret_taken_back")
    assert (event.actor, event.details) == (str(SOMEBODY), {"fingerprint": newer.fingerprint, "version": 2})
    secrets.set(application, SECRET, by=SOMEBODY, after=newer.version)  # sent twice
    assert len(actions()) == before + 1


def test_a_newer_secret_that_nobody_saw_is_not_taken_back_unseen(make_app: MakeApp) -> None:
    application = make_app()
    application.secrets.update(proven_at=timezone.now())
    secrets.set(application, "another1secret", by=SOMEBODY)
    with pytest.raises(Conflict):
        secrets.set(application, SECRET, by=SOMEBODY, after=1)
    assert [row.status for row in application.secrets.order_by("version")] == ["current", "newer"]


def test_entering_the_newer_secret_again_changes_nothing(make_app: MakeApp) -> None:
    application = make_app()
    application.secrets.update(proven_at=timezone.now())
    for _ in range(2):
        assert secrets.set(application, "another1secret", by=SOMEBODY).status == "newer"
    assert [row.status for row in application.secrets.order_by("version")] == ["current", "newer"]


def test_a_proven_secret_that_does_not_open_any_more_is_replaced(make_app: MakeApp) -> None:
    application = make_app()
    application.secrets.update(proven_at=timezone.now(), sealed="v1.lost.AAAA")
    secrets.set(application, SECRET, by=SOMEBODY)
    assert [(stored.status, stored.opens) for stored in secrets.stored(application)] == [("In use", True)]


def test_a_mangled_secret_is_refused_and_the_stored_one_stays(make_app: MakeApp) -> None:
    application = make_app()
    with pytest.raises(Refused, match="a space"):
        secrets.set(application, "another secret", by=SOMEBODY)
    with pytest.raises(Refused, match="This is the Client ID"):
        secrets.set(application, CLIENT_ID, by=SOMEBODY)
    assert application.secrets.count() == 1


def test_events_hold_no_secret_and_no_name_of_a_person(make_app: MakeApp) -> None:
    application = make_app(enable=True)
    secrets.set(application, "another1secret", by=SOMEBODY)
    for event in AuditEvent.objects.values():
        assert SECRET not in str(event)
        assert "another1secret" not in str(event)


def test_codes_of_exact_are_led_elsewhere_by_the_right_to_the_keys_only(make_app: MakeApp) -> None:
    application = make_app()
    user = User.objects.create_user("bob", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["add_application", "change_application"]))
    application.redirect_uri = "https://www.meridian.example/"
    with pytest.raises(NotPermitted, match="test an app's keys"):
        applications.change(application, by=Actor.person(user.pk))
    new = Application(region="uk", kind="product", name="Another", redirect_uri="https://www.meridian.example/")
    with pytest.raises(NotPermitted, match="test an app's keys"):
        applications.add(new, by=Actor.person(user.pk))
    assert not AuditEvent.objects.filter(action="application.changed").exists()
