"""Set up: what was entered at Exact, who can get at it there, an address of one's own, and how the app stood."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from integrations.exact.scopes import SCOPES
from integrations.models import Application, AuditEvent, User
from integrations.rules.actors import Actor
from integrations.rules.journey import Step
from integrations.services import permissions, scope_approvals
from tests.admin.set_up import APPS, REAL_ORIGINS, entered, errors, events, make, said, stood, text, url

pytestmark = pytest.mark.django_db
Staff = Callable[..., Client]
EXACTLY, COMPARE = {"do": "exactly"}, {"do": "compare"}
OWNED = "https://www.owned.example/back"


def last_event() -> AuditEvent:
    return AuditEvent.objects.latest("at")


@pytest.fixture
def app(annas: Client) -> Application:
    return make(annas)


@pytest.fixture
def real(annas: Client, settings: Any) -> Application:
    """An app of the real Exact, at a portal that only this machine reaches."""
    settings.EXACT_ORIGINS = REAL_ORIGINS
    return make(annas)


# --- The way to Exact -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["product", "testing"])
def test_in_practice_it_leads_to_the_form_of_the_practice_exact(annas: Client, settings: Any, kind: str) -> None:
    app = make(annas, kind=kind)
    page = text(annas.get(url(app, Step.REGISTER)))
    assert f'href="{settings.EXACT_ORIGINS["uk"]}/apps/register?kind={kind}"' in page
    assert f"Register a {kind} app" in page
    assert f'value="{app.redirect_uri}"' in page
    assert "one of practice: at the real Exact it is useless" in page
    assert "https://apps.exactonline.com/gb/" in page


def test_the_real_way_leads_to_the_regions_developer_site(annas: Client, settings: Any) -> None:
    annas.get(APPS)  # what leads to PUBLIC_URL has read the present one by now
    settings.EXACT_ORIGINS, settings.PUBLIC_URL = REAL_ORIGINS, "https://portal.example.com"
    app = make(annas)
    page = text(annas.get(url(app, Step.REGISTER)))
    assert 'href="https://apps.exactonline.com/gb/"' in page
    assert "<em>Manage my apps</em> → <em>Register a product app</em>" in page
    assert f'value="https://portal.example.com/oauth/callback/{app.pk}/"' in page
    assert "useless" not in page


def test_of_an_app_that_exact_has_the_redirect_url_is_exchanged(annas: Client) -> None:
    app = make(annas, "?region=uk&existed=yes")
    page = text(annas.get(url(app, Step.REGISTER)))
    assert "<h1>Redirect URL at Exact</h1>" in page
    assert "Register a product app" not in page
    assert "What used the app before can then connect nobody any more." in page


# --- What was entered there -------------------------------------------------------------------------------------


def test_one_click_records_that_exactly_this_was_entered(annas: Client, anna: User, app: Application) -> None:
    response = annas.post(url(app, Step.REGISTER), entered(app, **EXACTLY))
    assert response.url == url(app, Step.KEYS)
    app.refresh_from_db()
    assert app.registered_redirect_uri == app.redirect_uri
    assert app.registered_by == str(Actor.person(anna.pk))
    assert timezone.now() - app.registered_at < timedelta(minutes=1)
    assert last_event().action == "application.registered"
    page = text(annas.get(url(app, Step.REGISTER)))
    assert "Recorded on" in page
    assert "by Anna Smit" in page


def test_what_is_pasted_and_the_same_goes_on(annas: Client, app: Application) -> None:
    response = annas.post(url(app, Step.REGISTER), entered(app, pasted=f"{app.redirect_uri}\r\n", **COMPARE))
    assert response.url == url(app, Step.KEYS)
    assert "letter by letter" in said(response)[-1]
    app.refresh_from_db()
    assert app.registered_redirect_uri == app.redirect_uri


@pytest.mark.parametrize("button", [COMPARE, EXACTLY])
def test_what_is_pasted_and_differs_is_recorded_and_marked(
    annas: Client, app: Application, button: dict[str, str]
) -> None:
    """Also where somebody pasted it and pressed the other button."""
    wrong = app.redirect_uri.replace("oauth", "0auth")[:-1]
    response = annas.post(url(app, Step.REGISTER), entered(app, pasted=wrong, **button))
    assert response.url == url(app, Step.REGISTER)
    app.refresh_from_db()
    assert app.registered_redirect_uri == wrong
    page = text(annas.get(response.url))
    place = wrong.index("0auth") + 1
    assert f"Character {place} is “0”, where “o” has to be; a slash is missing at the end." in page
    assert re.search(r"<del>.*?0.*?</del><ins>.*?o.*?</ins>auth/callback", page)
    assert 'value="exactly"' in page


@pytest.mark.parametrize(
    ("pasted", "words"),
    [
        ("nonsense", "This is no web address."),
        ("https://a b.example/", "This is no web address."),
        ("javascript:alert(1)", "This is no web address."),
        ("https://owned.example/" + "a" * 600, "This is no web address."),
        ("http://testserver/oauth\u200b/callback/", "This is no web address."),
        ("x" * 4001, "at most 4000 characters"),
        ("http://testserver/\x00", "Null characters are not allowed."),
    ],
)
def test_what_is_no_address_is_said_beside_its_field_and_changes_nothing(
    annas: Client, app: Application, pasted: str, words: str
) -> None:
    response = annas.post(url(app, Step.REGISTER), entered(app, pasted=pasted, owner="Meridian Ltd", **COMPARE))
    assert words in errors(response)["id_pasted"]
    app.refresh_from_db()
    assert (app.registered_redirect_uri, app.owner, app.version) == ("", "", 1)


def test_a_sign_that_no_eye_sees_is_named(annas: Client, app: Application) -> None:
    pasted = app.redirect_uri.replace("oauth", "oauth\u200b")
    page = text(annas.post(url(app, Step.REGISTER), entered(app, pasted=pasted, **COMPARE)))
    assert "Invisible (zero width space) is too much at character" in page


def test_markup_that_is_pasted_is_shown_as_text(annas: Client, app: Application) -> None:
    page = text(annas.post(url(app, Step.REGISTER), entered(app, pasted="<script>alert(1)</script>", **COMPARE)))
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


@pytest.mark.parametrize("owner", ["Meridian Ltd", "x" * 121])
@pytest.mark.parametrize("button", [COMPARE, EXACTLY])
def test_a_code_that_is_pasted_is_neither_kept_nor_shown(
    annas: Client, app: Application, button: dict[str, str], owner: str
) -> None:
    pasted = f"{app.redirect_uri}?code=stampUK001.canary&state=xyz"
    response = annas.post(url(app, Step.REGISTER), entered(app, pasted=pasted, owner=owner, **button))
    assert "This is an address to which Exact led a browser" in text(response)
    assert "canary" not in text(response)
    assert owner in text(response)
    app.refresh_from_db()
    assert (app.registered_redirect_uri, app.version) == ("", 1)


def test_comparing_nothing_is_said(annas: Client, app: Application) -> None:
    response = annas.post(url(app, Step.REGISTER), entered(app, **COMPARE))
    assert errors(response) == {"id_pasted": "Nothing was pasted. Copy the Redirect URL from Exact."}


def test_recording_the_same_again_changes_nothing(annas: Client, app: Application) -> None:
    for _ in range(2):
        annas.post(url(app, Step.REGISTER), entered(app, **EXACTLY))
    assert AuditEvent.objects.filter(action="application.registered").count() == 1


# --- Who can get at it there ------------------------------------------------------------------------------------


def test_owner_and_colleagues_are_kept_in_the_same_step(annas: Client, app: Application) -> None:
    typed = {"owner": " Meridian   Ltd ", "caretakers": " Anna  Smit\r\n\r\nBob "}
    annas.post(url(app, Step.REGISTER), entered(app, **typed, **EXACTLY))
    app.refresh_from_db()
    assert (app.owner, app.caretakers) == ("Meridian Ltd", "Anna Smit\nBob")
    assert app.registered_redirect_uri == app.redirect_uri


def test_one_colleague_only_is_a_finding(annas: Client, app: Application) -> None:
    annas.post(url(app, Step.REGISTER), entered(app, caretakers="Anna", do="keep"))
    assert "One colleague only can sign in to Manage my apps." in text(annas.get(url(app, Step.REGISTER)))


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"owner": "x" * 121}, "id_owner"),
        ({"caretakers": "x" * 1001}, "id_caretakers"),
        ({"owner": "a\x00b"}, "id_owner"),
        ({"caretakers": "a\x00b"}, "id_caretakers"),
    ],
)
def test_what_is_too_long_is_said_and_nothing_is_recorded(
    annas: Client, app: Application, typed: dict[str, str], field: str
) -> None:
    response = annas.post(url(app, Step.REGISTER), entered(app, **typed, **EXACTLY))
    assert list(errors(response)) == [field]
    app.refresh_from_db()
    assert (app.version, app.registered_redirect_uri) == (1, "")


def test_what_somebody_else_changed_meanwhile_is_shown_and_nothing_is_recorded(annas: Client, app: Application) -> None:
    stale = entered(app, owner="Mine", **EXACTLY)
    annas.post(url(app, Step.REGISTER), entered(app, owner="Theirs", do="keep"))
    response = annas.post(url(app, Step.REGISTER), stale)
    assert "Theirs" in events(response)
    assert 'value="Mine"' in text(response)
    app.refresh_from_db()
    assert (app.owner, app.registered_redirect_uri) == ("Theirs", "")


def test_an_address_that_somebody_else_recorded_meanwhile_is_not_lost(annas: Client, app: Application) -> None:
    """Also where owner and colleagues, in the same form, are as they were."""
    stale, theirs = entered(app, **EXACTLY), f"{app.redirect_uri}theirs"
    annas.post(url(app, Step.REGISTER), entered(app, pasted=theirs, **COMPARE))
    response = annas.post(url(app, Step.REGISTER), stale)
    assert "recorded which Redirect URL stands at Exact" in events(response)
    app.refresh_from_db()
    assert app.registered_redirect_uri == theirs
    annas.post(url(app, Step.REGISTER), entered(app, **EXACTLY))
    app.refresh_from_db()
    assert app.registered_redirect_uri == app.redirect_uri


# --- The portal moved -------------------------------------------------------------------------------------------


def test_an_app_of_the_portals_old_address_says_so_and_follows(annas: Client, settings: Any, app: Application) -> None:
    settings.PUBLIC_URL = "http://new.testserver"
    moved = f"http://new.testserver/oauth/callback/{app.pk}/"
    page = text(annas.get(url(app, Step.REGISTER)))
    assert "The portal has another address now" in page
    assert moved in page
    annas.post(url(app, Step.REGISTER), {"do": "follow-address"})
    app.refresh_from_db()
    assert app.redirect_uri == moved
    assert "The portal has another address now" not in text(annas.get(url(app, Step.REGISTER)))
    again = annas.post(url(app, Step.REGISTER), {"do": "follow-address"})
    assert said(again)[-1] == "Its Redirect URL is the portal's present address already."


# --- An address of one's own ------------------------------------------------------------------------------------


def own(app: Application, address: str) -> dict[str, Any]:
    return {"version": app.version, "do": "own-address", "own_redirect_url": address}


def test_no_real_key_is_asked_for_before_exact_would_accept_the_address(annas: Client, real: Application) -> None:
    assert "Exact would not accept" in text(annas.get(url(real, Step.KEYS)))
    page = text(annas.get(url(real, Step.REGISTER)))
    assert "First: an address that Exact accepts" in page
    assert "I entered exactly this" not in page
    annas.post(url(real, Step.REGISTER), own(real, OWNED))
    real.refresh_from_db()
    assert real.redirect_uri == OWNED
    assert "Client secret" in text(annas.get(url(real, Step.KEYS)))
    page = text(annas.get(url(real, Step.REGISTER)))
    assert f'value="{OWNED}"' in page
    assert "whoever connects pastes the address" in page


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("", "Enter an https address that you own."),
        ("nonsense", "This is no web address."),
        ("http://owned.example/", "Exact accepts https addresses only."),
        ("https://localhost/", "Exact needs the name of a host"),
        ("https://owned.example/?a=1", "behind “?”"),
        ("https://owned.example/" + "a" * 490, "500 at most"),
        ("https://owned.example/" + "a" * 600, "at most 600 characters"),
    ],
)
def test_an_address_that_exact_would_not_accept_is_said_beside_its_field(
    annas: Client, real: Application, address: str, words: str
) -> None:
    before = real.redirect_uri
    response = annas.post(url(real, Step.REGISTER), own(real, address))
    assert words in errors(response)["id_own_redirect_url"]
    real.refresh_from_db()
    assert real.redirect_uri == before


def test_a_blank_address_leads_back_to_the_portal(annas: Client, app: Application) -> None:
    annas.post(url(app, Step.REGISTER), own(app, OWNED))
    app.refresh_from_db()
    annas.post(url(app, Step.REGISTER), own(app, ""))
    app.refresh_from_db()
    assert app.comes_back_here


def test_an_address_takes_the_right_to_the_keys(staff: Staff, real: Application) -> None:
    client = staff("view_application", "change_application")
    assert client.post(url(real, Step.REGISTER), own(real, OWNED)).status_code == 403
    real.refresh_from_db()
    assert real.redirect_uri != OWNED
    page = text(client.get(url(real, Step.REGISTER)))
    assert "The address is not yours to choose. Integrations manager may do this." in page


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(timezone.now(), tick=False) as traveller:
        yield traveller


def test_an_address_asks_who_one_is_after_thirty_idle_minutes(clock: Any, annas: Client, app: Application) -> None:
    clock.shift(timedelta(minutes=31))
    response = annas.post(url(app, Step.REGISTER), own(app, OWNED))
    assert response.url.startswith("/admin/confirm/?next=")
    app.refresh_from_db()
    assert app.redirect_uri != OWNED
    # Everything else of the step goes on.
    assert annas.post(url(app, Step.REGISTER), entered(app, **EXACTLY)).url == url(app, Step.KEYS)


# --- As it stood ------------------------------------------------------------------------------------------------


@pytest.fixture
def stands(annas: Client) -> Application:
    return make(annas, "?region=uk&existed=yes")


def test_what_exact_had_granted_is_recorded(annas: Client, stands: Application) -> None:
    typed = stood(
        stands,
        permission_status="granted",
        permission_on="2026-01-31",
        permission_note="By letter.",
        permission_evidence="https://tickets.example/1",
        **{"scope-crm-accounts": "manage", "scope-sales-orders": "read", "scope-crm-quotes": "none"},
    )
    response = annas.post(url(stands, Step.AS_IT_STOOD), typed)
    assert response.url == url(stands, Step.REGISTER)
    assert scope_approvals.approved(stands) == {"crm.accounts": "manage", "sales.orders": "read"}
    step = permissions.steps(stands).get()
    assert (step.after, str(step.on)) == ("granted", "2026-01-31")
    assert (step.note, step.evidence) == ("By letter.", "https://tickets.example/1")
    page = text(annas.get(url(stands, Step.AS_IT_STOOD)))
    assert re.search(r'name="scope-crm-accounts" value="manage" checked', page)
    assert re.search(r'name="scope-crm-quotes" value="none" checked', page)
    assert 'value="2026-01-31"' in page


def test_every_scope_of_the_form_can_be_chosen_in_its_order(annas: Client, stands: Application) -> None:
    page = text(annas.get(url(stands, Step.AS_IT_STOOD)))
    names = re.findall(r'name="scope-([\w-]+)" value="none"', page)
    assert [name.replace("-", ".", 1) for name in names] == list(SCOPES)


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({"permission_status": "perhaps"}, "id_permission_status", "Select a valid choice."),
        ({"permission_status": ""}, "id_permission_status", "This field is required."),
        ({"permission_on": "31-31-2026"}, "id_permission_on", "Enter a valid date."),
        ({"permission_on": "2999-01-01"}, "id_permission_on", "This day lies in the future."),
        ({"permission_note": "x" * 1001}, "id_permission_note", "at most 1000 characters"),
        ({"permission_evidence": "javascript:alert(1)"}, "id_permission_evidence", "begins with https:// or http://"),
        ({"permission_evidence": "ftp://a.example/"}, "id_permission_evidence", "begins with https:// or http://"),
        ({"permission_evidence": "https://a.example/" + "a" * 500}, "id_permission_evidence", "at most 500"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_records_nothing(
    annas: Client, stands: Application, typed: dict[str, str], field: str, words: str
) -> None:
    right = {"scope-crm-accounts": "manage"}
    response = annas.post(url(stands, Step.AS_IT_STOOD), stood(stands, **right, **typed))
    assert words in errors(response)[field]
    assert re.search(r'name="scope-crm-accounts" value="manage" checked', text(response))
    stands.refresh_from_db()
    assert (stands.version, scope_approvals.approved(stands)) == (1, {})


def test_a_level_that_is_none_is_said_and_records_nothing(annas: Client, stands: Application) -> None:
    response = annas.post(url(stands, Step.AS_IT_STOOD), stood(stands, **{"scope-crm-accounts": "write"}))
    assert errors(response) == {"id_scope-crm-accounts": "Choose None, Read or Manage."}
    assert scope_approvals.approved(stands) == {}


def test_a_conflict_keeps_what_was_chosen(annas: Client, stands: Application) -> None:
    stale = stood(stands, permission_note="Mine", **{"scope-crm-accounts": "manage"})
    annas.post(url(stands, Step.AS_IT_STOOD), stood(stands, permission_status="granted"))
    response = annas.post(url(stands, Step.AS_IT_STOOD), stale)
    assert "Anna Smit" in events(response)
    assert "Mine" in text(response)
    assert re.search(r'name="scope-crm-accounts" value="manage" checked', text(response))
    assert (permissions.state(stands), scope_approvals.approved(stands)) == ("granted", {})


def test_a_testing_app_has_most_likely_nothing_to_record(annas: Client) -> None:
    app = make(annas, "?region=uk&existed=yes", kind="testing")
    assert "most likely there is nothing to record" in text(annas.get(url(app, Step.AS_IT_STOOD)))
    response = annas.post(url(app, Step.AS_IT_STOOD), stood(app))
    assert response.url == url(app, Step.REGISTER)
    assert APPS in response.url
