"""Apps and their secrets: one transaction and one event a change."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError
from django.utils import timezone

from integrations.models import Application, AuditEvent, ClientSecret, User
from integrations.rules.actors import Actor
from integrations.services import applications, secrets
from integrations.services.refusals import Refused
from tests.conftest import CLIENT_ID, SECRET, SOMEBODY

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
    application.kind = "testing"
    assert applications.change(application, by=SOMEBODY) == {"name": ["Meridian Bookings", "Meridian Rooms"]}
    application.refresh_from_db()
    assert (application.name, application.kind) == ("Meridian Rooms", "product")
    event = AuditEvent.objects.latest("at")
    assert (event.action, event.details) == ("application.changed", {"name": ["Meridian Bookings", "Meridian Rooms"]})


def test_a_change_of_nothing_records_nothing(make_app: MakeApp) -> None:
    application = make_app()
    before = actions()
    assert applications.change(application, by=SOMEBODY) == {}
    assert actions() == before


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


def test_a_disabled_app_can_be_deleted_with_its_keys(make_app: MakeApp) -> None:
    application = make_app()
    applications.remove(application, by=SOMEBODY)
    assert not Application.objects.exists()
    assert not ClientSecret.objects.exists()
    assert actions()[-1] == "application.deleted"


def test_an_enabled_app_cannot_be_deleted(make_app: MakeApp) -> None:
    application = make_app(enable=True)
    with pytest.raises(Refused, match="Disable it first"):
        applications.remove(application, by=SOMEBODY)


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
