"""The Portal page, the banner of a portal that stands by, and the button that claims the tokens."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations import __version__
from integrations.models import Application, AuditEvent, Connection, Installation, Organization
from integrations.services import heartbeats, installation, links
from integrations.services.takeover import Original
from tests.conftest import SOMEBODY
from tests.owning import own

pytestmark = pytest.mark.django_db
PORTAL = "/admin/portal/"
CLAIM = "/admin/portal/claim-installation/"
OTHER = "the-other-installation"
Staff = Callable[..., Client]
PAGES = (
    "/admin/integrations/application/", "/admin/integrations/application/add/", "/admin/integrations/auditevent/",
    PORTAL, CLAIM, "/admin/integrations/user/",
)  # fmt: skip


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def said(response: Any) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def due(make_app: Callable[..., Application], count: int, **ago: float) -> None:
    application = make_app(enable=True) if not Application.objects.exists() else Application.objects.get()
    for _ in range(count):
        Connection.objects.create(
            application=application,
            access_token="v1.t1.x",
            refresh_token="v1.t1.x",
            token_generation=1,
            next_check_at=timezone.now() - timedelta(**ago),
        )


# --- What it shows -----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("at_work")
def test_it_shows_who_owns_the_tokens_what_runs_and_which_release(annas: Client) -> None:
    page = text(annas.get(PORTAL))
    assert "Owns the tokens" in page
    assert "tests-installation" in page
    assert page.count("At work") == 3
    assert __version__ in page
    assert "Set <code>HEARTBEAT_URL</code>" in page
    assert "Claim the tokens" not in page
    assert "stands by" not in page


def test_a_process_that_is_silent_is_named_with_its_last_sign_of_life(annas: Client) -> None:
    page = text(annas.get(PORTAL))
    assert page.count("It has given no sign of life yet.") == 2
    heartbeats.Heartbeat.objects.create(process="beat", at=timezone.now())
    heartbeats.Heartbeat.objects.create(process="worker", at=timezone.now() - timedelta(minutes=9))
    page = text(annas.get(PORTAL))
    assert "Silent" in page
    assert page.count("Last sign of life") == 2


@pytest.mark.usefixtures("at_work")
def test_it_says_how_far_the_workers_are_behind(annas: Client, make_app: Callable[..., Application]) -> None:
    assert "None is overdue." in text(annas.get(PORTAL))
    due(make_app, 2, minutes=4)
    page = text(annas.get(PORTAL))
    assert "2 due; the oldest has waited 4 min." in page
    assert "start another one" not in page
    due(make_app, 1, minutes=40)
    page = text(annas.get(PORTAL))
    assert "3 due; the oldest has waited 40 min." in page
    assert "start another one" in page


@pytest.mark.usefixtures("at_work")
def test_what_sleeps_is_not_overdue(annas: Client, make_app: Callable[..., Application], settings: Any) -> None:
    due(make_app, 1, minutes=40)
    settings.EXACT_ORIGINS = {**settings.EXACT_ORIGINS, "nl": "https://start.exactonline.nl"}
    assert "None is overdue." in text(annas.get(PORTAL))


@pytest.mark.usefixtures("at_work")
def test_it_takes_the_same_queries_however_much_there_is(annas: Client, make_app: Callable[..., Application]) -> None:
    make_app(enable=True)
    counts = []
    for _ in range(2):
        annas.get(PORTAL)
        with CaptureQueriesContext(connection) as queries:
            annas.get(PORTAL)
        counts.append(len(queries))
        due(make_app, 20, minutes=1)
    assert counts[0] == counts[1]


def test_another_address_is_warned_of_and_can_be_noted(annas: Client, settings: Any, at_work: None) -> None:
    own(public_url="https://old.example.com")
    page = text(annas.get(PORTAL))
    assert "https://old.example.com; this portal is at http://testserver" in page
    assert "Note the new address" in page
    assert annas.get("/health/ready").status_code == 200
    assert "Type “stopped”" not in text(annas.get(CLAIM))
    assert annas.post(CLAIM).url == PORTAL
    assert Installation.objects.get().public_url == "http://testserver"
    assert "Note the new address" not in text(annas.get(PORTAL))


# --- Standing by -------------------------------------------------------------------------------------------


@pytest.fixture
def standby(at_work: None) -> None:
    own(owner=OTHER)


@pytest.mark.usefixtures("standby")
@pytest.mark.parametrize("page", PAGES)
def test_every_page_works_and_says_so(annas: Client, page: str) -> None:
    response = annas.get(page)
    assert response.status_code == 200
    assert "This portal stands by: it asks nothing of Exact and checks nothing." in text(response)
    assert "The tokens belong to another installation." in text(response)
    assert f'href="{CLAIM}"' in text(response)


@pytest.mark.usefixtures("at_work")
@pytest.mark.parametrize("owner", ["", OTHER])
def test_the_search_box_of_the_claim_is_empty(annas: Client, owner: str) -> None:
    """Both have a field in which something is typed."""
    if owner:
        own(owner=owner)
    page = text(annas.get(CLAIM))
    assert 'id="search-box" name="q" value=""' in page
    assert page.count('name="typed"') == bool(owner)


def test_health_says_times_as_the_organization_lives_them(annas: Client, at_work: None) -> None:
    Organization.objects.create(name="Meridian", time_zone="Asia/Tokyo")
    claimed = Installation.objects.get().claimed_at.astimezone(ZoneInfo("Asia/Tokyo"))
    assert f"owns the tokens since {claimed:%Y-%m-%d %H:%M} JST" in text(annas.get(PORTAL))


@pytest.mark.usefixtures("standby")
def test_the_banner_leads_to_the_claim_only_who_may(staff: Staff) -> None:
    page = text(staff("view_application").get("/admin/integrations/application/"))
    assert "This portal stands by" in page
    assert CLAIM not in page


@pytest.mark.usefixtures("standby")
def test_nobody_is_told_that_processes_are_silent_which_have_nothing_to_do(annas: Client) -> None:
    heartbeats.Heartbeat.objects.all().delete()
    page = text(annas.get(PORTAL))
    assert "Nothing has been checked" not in page
    assert "Stand by" in page


@pytest.mark.usefixtures("standby")
def test_monitors_are_told(client: Client) -> None:
    response = client.get("/health/ready")
    assert (response.status_code, response.json()["failing"]) == (503, ["installation"])
    assert client.get("/health/live").status_code == 200


@pytest.mark.usefixtures("standby")
def test_buttons_that_reach_exact_say_why_they_do_not(annas: Client, make_app: Callable[..., Application]) -> None:
    application = make_app(enable=True)
    due(make_app, 1, minutes=1)
    row = Connection.objects.get()
    response = annas.post(f"/admin/integrations/connection/{row.pk}/check/")
    assert said(response) == ["This portal stands by. The tokens belong to another installation."]
    response = annas.post(f"/admin/integrations/application/{application.pk}/connect/")
    assert said(response)[-1] == "This portal stands by. The tokens belong to another installation."
    assert not row.checks.exists()


# --- The button --------------------------------------------------------------------------------------------


@pytest.fixture
def refused(annas: Client) -> Iterator[None]:
    """Whatever the test posts changes nothing."""
    before = Installation.objects.values().get()
    yield
    assert Installation.objects.values().get() == before
    assert not AuditEvent.objects.exists()


@pytest.mark.usefixtures("standby")
def test_the_tokens_are_claimed_by_a_typed_word(annas: Client, anna: Any) -> None:
    page = text(annas.get(CLAIM))
    assert "Type “stopped” to say so" in page
    assert OTHER in page
    assert not AuditEvent.objects.exists()
    response = annas.post(CLAIM, {"typed": " Stopped "}, follow=True)
    assert "This portal owns the tokens. The portal that owned them uses this same database" in text(response)
    assert "This portal stands by" not in text(response)
    event = AuditEvent.objects.get()
    assert (event.action, event.actor) == ("installation.claimed", f"person:{anna.pk}")
    assert "made this installation the owner of the tokens" in text(annas.get("/admin/integrations/auditevent/"))
    assert "by Anna Smit" in text(annas.get(PORTAL))


@pytest.mark.parametrize("typed", [{}, {"typed": ""}, {"typed": "yes"}, {"typed": "x" * 9999}, {"typed": "\x00"}])
@pytest.mark.usefixtures("standby", "refused")
def test_any_other_word_claims_nothing(annas: Client, typed: dict[str, str]) -> None:
    response = annas.post(CLAIM, typed)
    assert response.status_code == 200
    assert 'class="field-error"' in response.content.decode()


@pytest.mark.usefixtures("refused")
def test_who_owns_the_tokens_has_nothing_to_claim(annas: Client) -> None:
    assert "This installation owns the tokens already." in text(annas.get(CLAIM))
    response = annas.post(CLAIM, {"typed": "stopped"})
    assert said(response) == ["This installation owns the tokens already."]


@pytest.mark.usefixtures("standby", "refused")
def test_who_was_told_to_stand_by_claims_nothing(annas: Client, settings: Any) -> None:
    settings.STANDBY = True
    assert "STANDBY is on. Take STANDBY out" in text(annas.get(CLAIM))
    assert "STANDBY is on" in said(annas.post(CLAIM, {"typed": "stopped"}))[0]


@pytest.mark.usefixtures("standby", "refused")
def test_claiming_needs_the_right_to_it(staff: Staff, client: Client) -> None:
    able = staff("view_portal")
    assert "Claim the tokens" not in text(able.get(PORTAL))
    for method in (able.get, able.post):
        assert method(CLAIM, {"typed": "stopped"}).status_code == 403
    assert client.post(CLAIM, {"typed": "stopped"}).status_code == 302
    assert staff("claim_installation").get(CLAIM).status_code == 200


@pytest.mark.usefixtures("standby")
def test_an_original_that_could_not_be_told_is_said(annas: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation.takeover, "tell", lambda *args, **kwargs: Original.OUT_OF_REACH)
    response = annas.post(CLAIM, {"typed": "stopped"}, follow=True)
    assert "goes on asking Exact" in text(response)


# --- Customers ---------------------------------------------------------------------------------------------


def test_a_link_page_says_that_it_cannot_be_used_now(client: Client, make_app: Callable[..., Application]) -> None:
    made = links.make(make_app(enable=True), by=SOMEBODY).path
    own(owner=OTHER)
    response = client.get(made)
    assert "Nobody can connect here at the moment." in text(response)
    assert "installation" not in text(response)
    assert client.post(made).status_code == 410
