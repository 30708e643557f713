"""The Redirect URL of an app: copied, recorded as it was entered at Exact, compared, and followed after a move."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from integrations.models import Application, AuditEvent
from integrations.rules.journey import Step
from integrations.services import applications
from tests.conftest import SOMEBODY

pytestmark = pytest.mark.django_db
MakeApp = Callable[..., Application]
Staff = Callable[..., Client]
RECORDED = "#about-registered_redirect_uri"


def url(application: Application, name: str = "integrations_application_change") -> str:
    return reverse(f"admin:{name}", args=[application.pk])


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def said(response: Any) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def record(client: Client, application: Application, typed: str, **fields: Any) -> Any:
    return client.post(url(application, "register-url"), {"url": typed, "version": application.version, **fields})


def test_what_was_entered_at_exact_is_recorded_with_day_and_person(annas: Client, make_app: MakeApp) -> None:
    application = make_app()
    assert "Nobody recorded it yet." in text(annas.get(url(application)))
    response = record(annas, application, f"  {application.redirect_uri} ")
    assert response.url == f"{url(application)}{RECORDED}"
    assert said(response) == ["Recorded: Exact has the Redirect URL that the portal sends, letter by letter."]
    page = text(annas.get(url(application)))
    assert "by Anna Smit." in page
    assert "The same" in page
    assert AuditEvent.objects.filter(action="application.registered").count() == 1


def test_one_that_differs_is_recorded_too_and_found(annas: Client, make_app: MakeApp) -> None:
    application = make_app()
    response = record(annas, application, application.redirect_uri[:-1])
    assert said(response)[0].startswith("Recorded. It is not the Redirect URL that the portal sends")
    page = text(annas.get(url(application)))
    assert "Differs" in page
    assert 'data-code="redirect.differs"' in page


def test_what_differs_is_one_click_away_for_whoever_may_change_it(
    annas: Client, staff: Staff, make_app: MakeApp
) -> None:
    application = make_app()
    record(annas, application, application.redirect_uri[:-1])
    link = f'href="{reverse("admin:set-up-step", args=[application.pk, Step.REGISTER])}{RECORDED}"'
    assert link in text(annas.get(url(application)))
    assert "A slash is missing at the end" in text(annas.get(link[6:-1].partition("#")[0]))
    assert link not in text(staff("view_application").get(url(application)))
    application.refresh_from_db()
    record(annas, application, application.redirect_uri)
    assert link not in text(annas.get(url(application)))


@pytest.mark.parametrize("bad", ["", "   ", "nonsense", "https://", "x" * 5000, "https://a.example/\x00", "ftp://a.b/"])
def test_what_is_no_address_is_refused_with_a_sentence(annas: Client, make_app: MakeApp, bad: str) -> None:
    application = make_app()
    response = record(annas, application, bad)
    assert response.status_code == 302
    assert said(response)
    application.refresh_from_db()
    assert application.registered_redirect_uri == ""


def test_somebody_who_changed_the_app_meanwhile_is_told(annas: Client, make_app: MakeApp) -> None:
    application = make_app()
    changed = Application.objects.get(pk=application.pk)
    changed.name = "Meridian Rooms"
    applications.change(changed, by=SOMEBODY)
    response = record(annas, application, application.redirect_uri)
    assert "changed the app after you opened this page" in said(response)[0]
    application.refresh_from_db()
    assert application.registered_redirect_uri == ""


@pytest.mark.parametrize("version", ["", "x", "0", "9" * 40])
def test_a_form_that_says_no_version_records_nothing(annas: Client, make_app: MakeApp, version: str) -> None:
    application = make_app()
    response = record(annas, application, application.redirect_uri, version=version)
    assert said(response) == ["This form is incomplete. Open the page once more, and enter it there."]
    application.refresh_from_db()
    assert application.registered_redirect_uri == ""


def test_sent_twice_it_is_recorded_once(annas: Client, make_app: MakeApp) -> None:
    application = make_app()
    for _ in range(2):
        said_last = said(record(annas, application, application.redirect_uri))[-1]  # both from the same version
        assert said_last == "Recorded: Exact has the Redirect URL that the portal sends, letter by letter."
    assert AuditEvent.objects.filter(action="application.registered").count() == 1


def test_after_a_move_the_present_address_is_followed_by_a_button(
    annas: Client, make_app: MakeApp, settings: Any
) -> None:
    application = make_app()
    assert "Send the present address" not in text(annas.get(url(application)))
    settings.PUBLIC_URL = "https://moved.example"
    page = text(annas.get(url(application)))
    assert 'data-code="redirect.moved"' in page
    assert "Send the present address from now on" in page
    response = annas.post(url(application, "follow-address"))
    application.refresh_from_db()
    assert application.redirect_uri == f"https://moved.example/oauth/callback/{application.pk}/"
    assert said(response)[0].endswith(application.redirect_uri)
    assert said(annas.post(url(application, "follow-address")))[-1].startswith("Its Redirect URL is")
    assert AuditEvent.objects.filter(action="application.address_followed").count() == 1


def test_an_address_of_ones_own_is_not_taken_for_a_move(annas: Client, make_app: MakeApp) -> None:
    application = make_app(redirect_uri="https://www.meridian.example/back")
    page = text(annas.get(url(application)))
    assert "Send the present address" not in page
    assert "not an address of this portal" in page


@pytest.mark.parametrize("name", ["register-url", "follow-address"])
def test_both_are_for_whoever_may_change_apps(staff: Staff, make_app: MakeApp, name: str) -> None:
    application = make_app()
    Application.objects.update(redirect_uri=f"https://former.example/oauth/callback/{application.pk}/")
    before = Application.objects.values().get()
    form = {"url": application.redirect_uri, "version": application.version}
    assert staff("view_application").post(url(application, name), form).status_code == 403
    assert Application.objects.values().get() == before
    assert staff("view_application", "change_application").post(url(application, name), form).status_code == 302
    assert Application.objects.values().get() != before
