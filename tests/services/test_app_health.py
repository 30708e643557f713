"""What the doctor says of apps: the list of their pages, and an alarm only where somebody depends on them."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.models import Application, ClientSecret, Organization
from integrations.rules.findings import Finding
from integrations.services import app_facts, app_health, app_states, health
from tests import customers
from tests.conftest import SOMEBODY
from tests.owning import own

pytestmark = pytest.mark.django_db
MakeApp = Callable[..., Application]


def lock(*apps: Application) -> None:
    """Let the stored secret of the apps be opened by no key, which is an error."""
    ClientSecret.objects.filter(application__in=apps).update(sealed="v1.lost.AAAA")


def only() -> Finding:
    (finding,) = app_health.check_apps()
    return finding


def test_a_house_without_apps_is_well() -> None:
    assert only().ok
    assert only().detail == "None is set up yet."


def test_notes_raise_no_alarm(make_app: MakeApp) -> None:
    application = make_app(enable=True)
    assert app_facts.findings(application)
    assert (only().ok, only().warns, only().detail) == (True, False, "Nothing is wrong with the one app.")


def test_an_error_of_an_enabled_app_is_ill_and_says_the_same_as_the_page(make_app: MakeApp) -> None:
    application = make_app(enable=True)
    lock(application)
    finding = only()
    assert (finding.check, finding.ok) == ("apps", False)
    assert finding.detail.startswith("“Meridian Bookings”, Exact (Netherlands): ")
    for reason in app_facts.faults(application):
        assert f"{reason} (client_secret.closed)" in finding.detail


def test_an_app_that_is_being_set_up_warns_and_does_not_alarm(make_app: MakeApp) -> None:
    make_app(secret=None, client_id=None)
    assert only().warns
    assert "(client_id.missing)" in only().detail


def test_a_disabled_app_alarms_while_links_are_kept_alive_through_it(make_app: MakeApp) -> None:
    application = make_app()
    lock(application)
    assert only().warns
    link = customers.connect(application)
    assert not only().ok
    app_states.stop(application, by=SOMEBODY)
    assert only().warns
    link.delete()


def test_a_warning_warns(make_app: MakeApp) -> None:
    Organization.objects.create(name="Acme B.V.")
    make_app(enable=True)
    assert only().warns
    assert "(name.not_ours)" in only().detail


def test_each_app_has_its_line(make_app: MakeApp) -> None:
    lock(make_app(enable=True), make_app(region="uk", name="Meridian UK", secret="another1secret", enable=True))
    details = [finding.detail for finding in app_health.check_apps()]
    assert len(details) == 2
    assert "Exact (United Kingdom)" in details[1]


def test_an_app_of_the_other_kind_sleeps_and_an_archived_one_is_put_away(make_app: MakeApp, settings: Any) -> None:
    application = make_app()
    lock(application)
    awake = settings.EXACT_ORIGINS
    settings.EXACT_ORIGINS = {"nl": "https://start.exactonline.nl", "uk": "https://start.exactonline.co.uk"}
    assert (only().ok, only().warns) == (True, False)
    settings.EXACT_ORIGINS = awake
    assert only().warns
    app_states.archive(application, by=SOMEBODY)
    assert (only().ok, only().warns) == (True, False)


def test_the_number_of_queries_does_not_grow_with_the_apps(make_app: MakeApp) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            found = app_health.check_apps()
        assert all(not finding.ok for finding in found)
        return len(queries)

    lock(make_app(enable=True, kind="testing"))
    app_health.check_apps()
    few = count()
    for number in range(200):
        client_id = f"1b0a6d1e-9c0f-4f55-8d2b-6a54c1f1b{number:03}"
        make_app(kind="testing", name=f"Meridian {number}", client_id=client_id)
    Application.objects.update(enabled_at=timezone.now(), enabled_by="portal")
    lock(*Application.objects.all())
    assert count() == few
    assert few <= 12


def test_a_new_address_names_the_apps_that_still_lead_to_the_former_one(make_app: MakeApp, settings: Any) -> None:
    moved, archived = make_app(), make_app(region="uk", name="Meridian old")
    make_app(client_id=None, name="Meridian elsewhere", redirect_uri="https://www.meridian.example/")
    app_states.archive(archived, by=SOMEBODY)
    own()
    settings.PUBLIC_URL = "https://moved.example"
    finding = health.check_address()
    assert finding.warns
    url = f"https://moved.example/oauth/callback/{moved.pk}/"
    assert f"“Meridian Bookings”, Exact (Netherlands): {url}." in finding.detail
    assert "Meridian old" not in finding.detail
    assert "Meridian elsewhere" not in finding.detail
    Application.objects.filter(pk=moved.pk).update(redirect_uri=moved.default_redirect_uri())
    assert "No app leads to the former address any more." in health.check_address().detail
