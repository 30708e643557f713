"""The staff pages: what they show, what they do, and to whom."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.messages import get_messages
from django.http import HttpRequest
from django.test import Client

from integrations.admin.applications import ApplicationAdmin
from integrations.models import Application, AuditEvent, ClientSecret, Organization, User
from integrations.services import app_states, applications, secrets
from tests.admin.app_forms import keys, overview
from tests.conftest import CLIENT_ID, SECRET, SOMEBODY

pytestmark = pytest.mark.django_db
HOME = "/admin/integrations/application/"
MakeApp = Callable[..., Application]
Staff = Callable[..., Client]


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def said(response: Any) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def post_new(client: Client, **fields: str) -> Any:
    values = {"region": "nl", "kind": "product", "name": "Meridian Bookings", "client_id": "", "client_secret": ""}
    return client.post(f"{HOME}add/", {**values, **fields})


def url(application: Application, page: str) -> str:
    return f"{HOME}{application.pk}/{page}/"


# --- Adding and changing ------------------------------------------------------------------------------------


def test_the_front_door_leads_to_integrations(annas: Client) -> None:
    response = annas.get("/", follow=True)
    assert [step for step, _ in response.redirect_chain] == ["/admin/", HOME]


def test_saving_an_app_with_both_keys_asks_whether_to_enable_it(annas: Client) -> None:
    response = post_new(annas, client_id=CLIENT_ID, client_secret=SECRET)
    application = Application.objects.get()
    assert response.url == url(application, "enable-now-or-later")
    assert "The app “Meridian Bookings” was saved." in said(response)
    page = text(annas.get(response.url))
    assert "Enable now" in page
    assert "Later" in page
    annas.post(url(application, "enable"))
    application.refresh_from_db()
    assert application.is_enabled
    assert "1 of 1 app enabled; 1 needs you. No customer yet." in text(annas.get(HOME))


def test_saving_an_app_without_keys_leads_to_its_page_and_home_tells_the_next_step(annas: Client) -> None:
    response = post_new(annas)
    assert response.url == url(Application.objects.get(), "change")
    assert "2 things keep it from being enabled." in text(annas.get(response.url))
    page = text(annas.get(HOME))
    assert "Continue at “Register at Exact”: 2 things keep it from being enabled." in page
    assert "0 of 1 app enabled; 1 needs you." in page


def test_blanks_around_the_keys_are_taken_off_and_that_is_said(annas: Client) -> None:
    response = post_new(annas, client_id=f"  {CLIENT_ID} ", client_secret=f"{SECRET}  ")
    assert "The blanks around the Client ID were taken off." in said(response)
    assert "The blanks around the Client secret were taken off." in said(response)
    assert Application.objects.get().client_id == CLIENT_ID


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"client_id": "no guid"}, "a Client ID is a GUID"),
        ({"client_secret": "two words"}, "Character 4 is a space"),
        ({"client_secret": "   "}, "The Client secret is empty"),
        ({"client_id": CLIENT_ID, "client_secret": CLIENT_ID}, "This is the Client ID"),
        ({"client_secret": "x" * 5000}, "at most"),
        ({"client_id": "\x00"}, "Null characters"),
        ({"name": ""}, "This field is required"),
        ({"region": "fr"}, "not one of the available choices"),
        ({"kind": "x"}, "not one of the available choices"),
    ],
)
def test_what_cannot_be_is_refused_on_the_form_and_changes_nothing(
    annas: Client, fields: dict[str, str], reason: str
) -> None:
    response = post_new(annas, **fields)
    assert response.status_code == 200
    assert reason in text(response)
    assert not Application.objects.exists()
    assert not AuditEvent.objects.exists()


def test_a_taken_client_id_is_refused(annas: Client, make_app: MakeApp) -> None:
    make_app()
    assert "has this Client ID already" in text(post_new(annas, client_id=CLIENT_ID))


def test_a_service_that_refuses_late_is_told_and_nothing_is_kept(
    annas: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise applications.Refused(["Somebody was faster."])

    monkeypatch.setattr(secrets, "set", refuse)
    response = post_new(annas, client_id=CLIENT_ID, client_secret=SECRET)
    assert said(response) == ["Somebody was faster."]
    assert not Application.objects.exists()


def test_region_and_kind_are_fixed_once_saved(annas: Client, make_app: MakeApp) -> None:
    application = make_app()
    typed = overview(application, name="New", client_id=CLIENT_ID, region="uk", kind="testing", origin="x")
    annas.post(url(application, "change"), typed)
    application.refresh_from_db()
    assert (application.name, application.region, application.kind) == ("New", "nl", "product")


def test_the_redirect_url_is_there_to_copy(annas: Client, make_app: MakeApp) -> None:
    application = make_app()
    assert f'readonly value="{application.redirect_uri}"' in text(annas.get(url(application, "change")))


# --- Enabling -----------------------------------------------------------------------------------------------


def test_the_page_refuses_what_the_service_would_refuse_with_every_reason(annas: Client, make_app: MakeApp) -> None:
    application = make_app(secret=None, client_id=None)
    page = text(annas.get(url(application, "enable")))
    for reason in applications.why_not_enabled(application):
        assert reason in page
    assert '<button type="submit" class="button">' not in page
    response = annas.post(url(application, "enable"))
    assert said(response) == list(applications.why_not_enabled(application))
    application.refresh_from_db()
    assert not application.is_enabled


def test_looking_at_a_confirm_page_does_nothing(annas: Client, make_app: MakeApp) -> None:
    application = make_app()
    for page in ("enable", "enable-now-or-later", "disable"):
        assert annas.get(url(application, page)).status_code == 200
    application.refresh_from_db()
    assert not application.is_enabled


def test_disabling_asks_first_and_then_does_it_once(annas: Client, make_app: MakeApp) -> None:
    application = make_app(enable=True)
    assert "Its keys stay" in text(annas.get(url(application, "disable")))
    assert said(annas.post(url(application, "disable"))) == ["The app “Meridian Bookings” is disabled."]
    assert "It is disabled already." in said(annas.post(url(application, "disable")))
    assert AuditEvent.objects.filter(action="application.disabled").count() == 1


def test_an_unknown_app_is_not_found(annas: Client) -> None:
    assert annas.get(f"{HOME}{uuid4()}/enable/").status_code == 404
    assert annas.post(f"{HOME}{uuid4()}/disable/").status_code == 404


def test_a_disabled_app_can_be_deleted_with_its_keys(annas: Client, make_app: MakeApp) -> None:
    application = make_app()
    assert annas.post(url(application, "delete"), {"post": "yes"}).status_code == 302
    assert not Application.objects.exists()
    assert not ClientSecret.objects.exists()


# --- Who did what -------------------------------------------------------------------------------------------


def test_events_stand_in_place_of_djangos_log(annas: Client, anna: User) -> None:
    post_new(annas, client_id=CLIENT_ID, client_secret=SECRET)
    annas.post(
        "/admin/integrations/organization/add/", {"name": "Meridian", "time_zone": "UTC", "remind_after_days": 5}
    )
    annas.post("/admin/auth/group/add/", {"name": "Field team"})
    assert not LogEntry.objects.exists()
    assert list(AuditEvent.objects.order_by("at").values_list("action", flat=True)) == [
        "application.added",
        "application.secret_set",
        "organization.added",
        "group.added",
    ]
    assert set(AuditEvent.objects.values_list("actor", flat=True)) == {f"person:{anna.pk}"}


def test_activity_and_history_say_it_in_words(annas: Client) -> None:
    post_new(annas)
    for page in ("/admin/integrations/auditevent/", url(Application.objects.get(), "history")):
        shown = text(annas.get(page))
        assert "Anna Smit" in shown
        assert "added the app" in shown


def test_changing_a_member_of_staff_is_recorded_by_field_and_without_names(annas: Client, anna: User) -> None:
    page = annas.get(f"/admin/integrations/user/{anna.pk}/change/")
    values = {key: value for key, value in page.context["adminform"].form.initial.items() if value is not None}
    joined = {"date_joined_0": "2026-01-01", "date_joined_1": "10:00:00"}
    response = annas.post(
        f"/admin/integrations/user/{anna.pk}/change/",
        {**values, **joined, "last_name": "Canarysurname", "last_login_0": "", "last_login_1": ""},
    )
    assert response.status_code == 302, response.context["errors"]
    event = AuditEvent.objects.get(action="user.changed")
    assert "Last name" in event.details["fields"]
    assert "Canarysurname" not in str(event.details)


def test_setting_a_password_is_recorded_without_it(annas: Client, anna: User) -> None:
    password = "Canary-pass-phrase-1"
    response = annas.post(
        f"/admin/integrations/user/{anna.pk}/password/",
        {"password1": password, "password2": password, "usable_password": "true", "set-password": ""},
    )
    assert response.status_code == 302
    anna.refresh_from_db()
    assert anna.check_password(password)
    assert password not in str(AuditEvent.objects.filter(object_id=str(anna.pk)).values())
    assert AuditEvent.objects.filter(action="user.password_set").count() == 1


def test_staff_and_events_are_never_deleted(annas: Client, anna: User) -> None:
    assert annas.post(f"/admin/integrations/user/{anna.pk}/delete/", {"post": "yes"}).status_code == 403
    post_new(annas)
    event = AuditEvent.objects.get()
    for page in ("delete", "change"):
        assert annas.post(f"/admin/integrations/auditevent/{event.pk}/{page}/", {"post": "yes"}).status_code == 403
    assert annas.get("/admin/integrations/auditevent/add/").status_code == 403


# --- Rights -------------------------------------------------------------------------------------------------


def test_a_stranger_is_asked_to_sign_in(client: Client, make_app: MakeApp) -> None:
    application = make_app()
    for page in (HOME, f"{HOME}add/", url(application, "change"), url(application, "enable"), "/admin/portal/"):
        response = client.get(page)
        assert response.status_code == 302
        assert response.url.startswith("/admin/login/")


def test_staff_without_rights_get_a_page_that_says_whom_to_ask(staff: Staff, make_app: MakeApp) -> None:
    application, nobody = make_app(), staff()
    for page in (
        HOME, f"{HOME}add/", *(url(application, name) for name in ("change", "history", "delete", "enable", "disable")),
        url(application, "enable-now-or-later"), "/admin/integrations/auditevent/", "/admin/portal/",
        "/admin/portal/components/", "/admin/integrations/organization/add/", "/admin/integrations/user/",
        "/admin/auth/group/",
    ):  # fmt: skip
        response = nobody.get(page)
        assert response.status_code == 403, page
        assert "may do this." in text(response)


def test_who_may_only_look_sees_no_button_and_no_field(staff: Staff, make_app: MakeApp) -> None:
    application, viewer = make_app(), staff("view_application")
    page = text(viewer.get(HOME))
    for absent in ("Set up", ">Enable<", 'role="switch"', "Activity</span>", "Portal</span>"):
        assert absent not in page
    page = text(viewer.get(url(application, "change")))
    assert 'name="name"' not in page
    assert "<form" not in page.partition("<main")[2]
    page = text(viewer.get(url(application, "keys")))
    assert application.secrets.get().fingerprint in page
    assert 'name="client_secret"' not in page
    assert "<form" not in page.partition("<main")[2]
    for name in ("enable", "disable", "change", "keys"):
        assert viewer.post(url(application, name)).status_code == 403


def test_who_may_change_an_app_but_not_its_keys_cannot_slip_one_in(staff: Staff, make_app: MakeApp) -> None:
    application, manager = make_app(), staff("view_application", "change_application")
    before = ClientSecret.objects.values().get()
    other = "9b0a6d1e-9c0f-4f55-8d2b-6a54c1f1a009"
    slipped = {"client_id": other, "client_secret": "another1secret"}
    manager.post(url(application, "change"), overview(application, name="New", **slipped))
    assert manager.post(url(application, "keys"), keys(application, **slipped)).status_code == 403
    application.refresh_from_db()
    assert (application.name, application.client_id) == ("New", CLIENT_ID)
    assert ClientSecret.objects.values().get() == before


def test_who_may_add_an_app_without_keys_can_do_so(staff: Staff) -> None:
    adder = staff("view_application", "add_application")
    response = post_new(adder, client_id=CLIENT_ID, client_secret=SECRET)
    assert response.url == url(Application.objects.get(), "change")
    assert Application.objects.get().client_id is None
    assert not ClientSecret.objects.exists()


def asked_for(client: Client) -> str:
    return re.search(r'name="app" value="([0-9a-f-]{36})"', text(client.get(f"{HOME}add/")))[1]


def test_a_new_app_that_is_sent_twice_is_made_once(annas: Client) -> None:
    typed = {"app": asked_for(annas), "client_id": CLIENT_ID, "client_secret": SECRET}
    first, second = post_new(annas, **typed), post_new(annas, **typed)
    app = Application.objects.get()
    assert str(app.pk) == typed["app"]
    assert str(app.pk) in app.redirect_uri
    assert first.status_code == 302
    assert second.url == url(app, "change")
    assert ClientSecret.objects.count() == 1
    third = post_new(annas, **{**typed, "name": "Another"})
    assert "What was typed since was not saved." in said(third)[-1]
    assert Application.objects.get().name == "Meridian Bookings"


def test_a_new_app_that_is_sent_twice_at_once_is_made_once(annas: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other one comes in after the look whether it is there, and before this one is written."""
    typed = {"app": asked_for(annas)}
    post_new(annas, **typed)
    look = ApplicationAdmin._made_already

    def too_early(admin: ApplicationAdmin, request: HttpRequest) -> None:
        monkeypatch.setattr(ApplicationAdmin, "_made_already", look)

    monkeypatch.setattr(ApplicationAdmin, "_made_already", too_early)
    assert post_new(annas, **typed).url == url(Application.objects.get(), "change")


def test_the_form_of_an_app_that_was_deleted_makes_no_other(annas: Client) -> None:
    typed = {"app": asked_for(annas)}
    post_new(annas, **typed)
    app_states.remove(Application.objects.get(), by=SOMEBODY)
    assert "The app that this page made was deleted." in text(post_new(annas, **typed))
    assert not Application.objects.exists()


def test_a_new_app_whose_id_is_none_is_refused(annas: Client) -> None:
    assert "This form is incomplete." in text(post_new(annas, app="nonsense"))
    assert not Application.objects.exists()


# --- The rest of the house ----------------------------------------------------------------------------------


def test_pages_show_the_time_of_the_organization(annas: Client, make_app: MakeApp) -> None:
    Organization.objects.create(name="Meridian", time_zone="Pacific/Auckland")
    app_states.archive(make_app(), by=SOMEBODY)
    Application.objects.update(archived_at=datetime(2026, 6, 30, 23, 30, tzinfo=UTC))
    assert "1 Jul 2026, 11:30" in text(annas.get(HOME))


def test_the_organization_is_filled_in_once_and_then_changed(annas: Client) -> None:
    page = "/admin/integrations/organization/"
    assert annas.get(page).url == f"{page}add/"
    values = {
        "name": "Meridian",
        "time_zone": "UTC",
        "remind_after_days": 5,
        "privacy_policy_url": "example.com/privacy",
    }
    assert annas.post(f"{page}add/", values).url == "/admin/portal/"
    assert Organization.objects.get().privacy_policy_url == "https://example.com/privacy"
    assert annas.get(page).url == f"{page}1/change/"
    assert annas.get(f"{page}add/").status_code == 403
    assert annas.post(f"{page}1/change/", {**values, "time_zone": "Nowhere"}).status_code == 200
    assert annas.post(f"{page}1/change/", {**values, "name": "Meridian BV"}).url == "/admin/portal/"


def test_the_components_page_shows_every_part(annas: Client) -> None:
    page = text(annas.get("/admin/portal/components/"))
    for part in (
        "chip-good",
        "lamp-bad",
        "meter-used",
        "copy-field",
        "finding-ill",
        "empty-state",
        "messagelist",
        "confirm",
    ):
        assert part in page


def test_a_chip_of_an_unknown_tone_is_an_error() -> None:
    from django.template import Context, Template, TemplateSyntaxError  # noqa: PLC0415

    with pytest.raises(TemplateSyntaxError, match="no tone"):
        Template('{% chip "A" "pink" %}').render(Context())
