"""Set up: keys, their test, and enabling now or later."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from integrations.exact.key_test import Verdict
from integrations.models import Application, AuditEvent, ClientSecret, KeyTest, User
from integrations.rules.journey import Step
from integrations.services import applications, secrets
from tests.admin import app_forms
from tests.admin.set_up import APPS, REAL_ORIGINS, errors, events, make, said, text, url
from tests.conftest import CLIENT_ID, SECRET, SOMEBODY
from tests.practice import Practice, practising

pytestmark = pytest.mark.django_db
MakeApp = Callable[..., Application]
Staff = Callable[..., Client]
OTHER_SECRET = "Yq3mTk8vBn2x"
RIGHTS = ("view_application", "change_application")


@pytest.fixture
def app(annas: Client) -> Application:
    return make(annas)


def keys(app: Application, **typed: Any) -> dict[str, Any]:
    return app_forms.keys(app, **{"client_id": CLIENT_ID, "client_secret": SECRET, **typed})


# --- Keys -------------------------------------------------------------------------------------------------------


def test_both_keys_are_stored_and_that_is_confirmed(annas: Client, app: Application) -> None:
    response = annas.post(url(app, Step.KEYS), keys(app))
    assert response.url == url(app, Step.TEST)
    assert said(response)[-1] == "The keys are stored."
    app.refresh_from_db()
    assert app.client_id == CLIENT_ID
    assert [opened.plaintext for opened in secrets.in_use(app)] == [SECRET]
    assert SECRET not in text(annas.get(url(app, Step.KEYS)))


def test_saving_the_same_again_changes_nothing(annas: Client, app: Application) -> None:
    annas.post(url(app, Step.KEYS), keys(app))
    app.refresh_from_db()
    before, happened = list(ClientSecret.objects.values()), AuditEvent.objects.count()
    response = annas.post(url(app, Step.KEYS), keys(app))
    assert said(response)[-1] == "These keys were stored already; nothing changed."
    assert (list(ClientSecret.objects.values()), AuditEvent.objects.count()) == (before, happened)


def test_entering_the_secret_in_use_again_says_that_a_newer_one_was_taken_back(
    annas: Client, make_app: MakeApp
) -> None:
    app = make_app()
    app.secrets.update(proven_at=timezone.now())
    secrets.set(app, OTHER_SECRET, by=SOMEBODY)
    response = annas.post(url(app, Step.KEYS), keys(app))
    assert said(response) == [
        "The newer Client secret was taken back; the one in use stays.",
        "The keys are stored.",
    ]


def test_a_form_that_is_sent_twice_stores_the_keys_once(annas: Client, app: Application) -> None:
    form = keys(app)
    assert [annas.post(url(app, Step.KEYS), form).status_code for _ in range(2)] == [302, 302]
    assert ClientSecret.objects.count() == 1


def test_a_blank_secret_keeps_the_one_that_is_stored(annas: Client, make_app: MakeApp) -> None:
    app = make_app()
    assert annas.post(url(app, Step.KEYS), keys(app, client_secret="")).url == url(app, Step.TEST)
    assert [opened.plaintext for opened in secrets.in_use(app)] == [SECRET]


def test_a_stored_secret_that_does_not_open_has_to_be_entered_again(annas: Client, make_app: MakeApp) -> None:
    app = make_app()
    ClientSecret.objects.update(sealed="v1.lost.AAAA")
    response = annas.post(url(app, Step.KEYS), keys(app, client_secret=""))
    assert errors(response) == {"id_client_secret": "The Client secret is missing. Copy it from Exact."}


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({"client_id": ""}, "id_client_id", "The Client ID is missing."),
        ({"client_id": "  "}, "id_client_id", "The Client ID is missing."),
        ({"client_id": "nonsense"}, "id_client_id", "a Client ID is a GUID"),
        ({"client_id": "x" * 5000}, "id_client_id", "a Client ID is a GUID"),
        ({"client_id": "\x00"}, "id_client_id", "Null characters are not allowed."),
        ({"client_secret": ""}, "id_client_secret", "The Client secret is missing."),
        ({"client_secret": "  "}, "id_client_secret", "The Client secret is empty."),
        ({"client_secret": "Zq3k9 Xm2pCanary"}, "id_client_secret", "Character 6 is a space."),
        ({"client_secret": "Bearer CanaryZq3k9"}, "id_client_secret", "it is a header or a token"),
        ({"client_secret": CLIENT_ID}, "id_client_secret", "This is the Client ID."),
        ({"client_secret": "Canary" * 120}, "id_client_secret", "at most 612 characters"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_stores_nothing(
    annas: Client, app: Application, typed: dict[str, str], field: str, words: str
) -> None:
    response = annas.post(url(app, Step.KEYS), keys(app, **typed))
    assert words in errors(response)[field]
    assert "Canary" not in text(response)
    assert SECRET not in text(response)
    app.refresh_from_db()
    assert (app.client_id, ClientSecret.objects.count()) == (None, 0)


def test_a_client_id_that_another_app_has_is_refused_and_kept_to_be_mended(
    annas: Client, app: Application, make_app: MakeApp
) -> None:
    make_app(region="uk")
    response = annas.post(url(app, Step.KEYS), keys(app))
    page = text(response)
    assert "Another app of this region has this Client ID already." in page
    assert f'value="{CLIENT_ID}"' in page
    assert SECRET not in page
    assert not ClientSecret.objects.filter(application=app).exists()


def test_keys_that_somebody_else_entered_meanwhile_are_shown_and_stay(annas: Client, app: Application) -> None:
    stale, hers = keys(app, client_secret=OTHER_SECRET), str(uuid4())
    other = Client()
    other.force_login(User.objects.create_superuser("eva", password="x", first_name="Eva", last_name="Vos"))
    other.post(url(app, Step.KEYS), keys(app, client_id=hers))
    response = annas.post(url(app, Step.KEYS), stale)
    page = text(response)
    assert "Eva Vos" in events(response)
    assert f'value="{CLIENT_ID}"' in page
    assert OTHER_SECRET not in page
    app.refresh_from_db()
    assert (app.client_id, ClientSecret.objects.count()) == (hers, 1)
    seen = {name: re.search(rf'name="{name}" value="(\d+)"', page)[1] for name in ("version", "newest")}
    assert annas.post(url(app, Step.KEYS), {**stale, **seen}).status_code == 302
    app.refresh_from_db()
    assert app.client_id == CLIENT_ID


def test_a_secret_that_somebody_else_entered_meanwhile_stays(annas: Client, make_app: MakeApp) -> None:
    app = make_app(secret=None)
    stale = keys(app, client_secret=OTHER_SECRET)
    secrets.set(app, SECRET, by=SOMEBODY)
    response = annas.post(url(app, Step.KEYS), stale)
    assert "Somebody stored another Client secret" in events(response)
    assert OTHER_SECRET not in text(response)
    assert [opened.plaintext for opened in secrets.in_use(app)] == [SECRET]


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(timezone.now(), tick=False) as traveller:
        yield traveller


def test_the_step_asks_who_one_is_after_thirty_idle_minutes(clock: Any, annas: Client, app: Application) -> None:
    clock.shift(timedelta(minutes=31))
    assert annas.get(url(app, Step.KEYS)).url.startswith("/admin/confirm/?next=")
    response = annas.post(url(app, Step.KEYS), keys(app))
    assert response.url.startswith("/admin/confirm/?next=")
    assert not ClientSecret.objects.exists()
    assert annas.post(response.url, {"password": "correct horse battery"}).url == url(app, Step.KEYS)
    app.refresh_from_db()
    assert annas.post(url(app, Step.KEYS), keys(app)).url == url(app, Step.TEST)


def test_whoever_may_not_set_keys_reads_whose_step_it_is(staff: Staff, app: Application) -> None:
    client = staff(*RIGHTS)
    page = text(client.get(url(app, Step.KEYS)))
    assert "The next step is somebody else's.</strong> Integrations manager may do this." in page
    assert 'name="client_secret"' not in page
    assert client.post(url(app, Step.KEYS), keys(app)).status_code == 403
    assert not ClientSecret.objects.exists()


# --- Test keys --------------------------------------------------------------------------------------------------


def answered(app: Application, *, client: str = Verdict.ACCEPTED, secret: str = Verdict.ACCEPTED) -> KeyTest:
    return KeyTest.objects.create(
        application=app,
        asked_by=str(SOMEBODY),
        client_id=app.client_id,
        redirect_uri=app.redirect_uri,
        secret_version=1,
        client_verdict=client,
        secret_verdict=secret,
    )


def main_button(page: str) -> str:
    return re.search(r'<(?:a|button)[^>]* class="button"[^>]*>(.*?)</', page.partition("<main")[2])[1]


def test_what_the_portal_foretells_stands_before_the_button(annas: Client, make_app: MakeApp, settings: Any) -> None:
    settings.EXACT_ORIGINS = REAL_ORIGINS
    page = text(annas.get(url(make_app(), Step.TEST)))
    foretold, _, asked = page.partition("What Exact says")
    assert "The Redirect URL is not https, which Exact asks for." in foretold
    assert "Test the keys" in asked
    assert "3 more tests are possible within the hour." in asked
    assert main_button(page) == "Test the keys"


def test_keys_that_exact_accepts_lead_on(annas: Client, make_app: MakeApp) -> None:
    app = make_app()
    answered(app)
    page = text(annas.get(url(app, Step.TEST)))
    assert "It proves" in page
    assert "It does not prove" in page
    assert "2 more tests are possible within the hour." in page
    assert main_button(page) == "Continue"


def test_a_testing_app_that_works_says_for_whom(annas: Client, make_app: MakeApp) -> None:
    app = make_app(kind="testing")
    answered(app)
    page = text(annas.get(url(app, Step.TEST)))
    assert "Works for your own Exact subscription; proves nothing about customers." in page


def test_no_clear_answer_can_be_passed_over(annas: Client, make_app: MakeApp) -> None:
    app = make_app()
    answered(app, client=Verdict.UNCLEAR)
    page = text(annas.get(url(app, Step.TEST)))
    assert "Exact gave no clear answer" in page
    assert main_button(page) == "Continue without a clear answer"


@pytest.mark.parametrize(
    ("client", "secret", "step"),
    [
        (Verdict.UNKNOWN_CLIENT, "", Step.KEYS),
        (Verdict.REDIRECT_REFUSED, Verdict.ACCEPTED, Step.REGISTER),
        (Verdict.ACCEPTED, Verdict.SECRET_REFUSED, Step.KEYS),
    ],
)
def test_what_exact_refused_leads_to_where_it_is_mended(
    annas: Client, make_app: MakeApp, client: str, secret: str, step: Step
) -> None:
    app = make_app()
    answered(app, client=client, secret=secret)
    page = text(annas.get(url(app, Step.TEST)))
    assert main_button(page) == "Mend it"
    assert re.search(rf'href="{url(app, step)}#about-\w+">Mend it', page)


def test_when_the_hour_allows_no_more_it_says_when_it_does(annas: Client, make_app: MakeApp) -> None:
    app = make_app()
    for _ in range(3):
        answered(app, client=Verdict.UNCLEAR)
    page = text(annas.get(url(app, Step.TEST)))
    assert "The keys were tested three times within an hour. The next test is possible" in page
    assert "Test the keys" not in page


def test_whoever_may_not_test_reads_who_may(staff: Staff, make_app: MakeApp) -> None:
    page = text(staff(*RIGHTS).get(url(make_app(), Step.TEST)))
    assert "Testing is somebody else's.</strong> Integrations manager may do this." in page
    assert "Test the keys" not in page


@pytest.fixture
def practice(db: None, tmp_path: Path, settings: Any) -> Iterator[Practice]:
    with practising(tmp_path, settings) as made:
        yield made


def test_the_button_asks_exact_and_comes_back_to_the_step(annas: Client, practice: Practice) -> None:
    app = practice.application
    form = re.search(r'<form method="post" action="([^"]*test-keys/)">', text(annas.get(url(app, Step.TEST))))
    response = annas.post(form[1], {"next": "journey"})
    assert response.url == url(app, Step.TEST)
    assert "The keys were tested, and Exact takes them." in said(response)
    page = text(annas.get(response.url))
    assert "GET /api/oauth2/auth: 200" in page
    assert "POST /api/oauth2/token: 400" in page


# --- Enable now or later ----------------------------------------------------------------------------------------


def test_enabling_is_asked_then_done(annas: Client, make_app: MakeApp) -> None:
    app = make_app()
    page = text(annas.get(url(app, Step.ENABLE)))
    assert main_button(page) == "Enable now"
    assert f'href="{APPS}">Later</a>' in page
    response = annas.post(url(app, Step.ENABLE))
    assert response.url == url(app, Step.ENABLE)
    app.refresh_from_db()
    assert app.is_enabled
    page = text(annas.get(response.url))
    assert "What comes next: connect." in page
    assert f'action="{APPS}{app.pk}/connect/"' in page
    assert main_button(page) == "Connect"


def test_enabling_twice_enables_once(annas: Client, make_app: MakeApp) -> None:
    app = make_app()
    for _ in range(2):
        assert annas.post(url(app, Step.ENABLE)).status_code == 302
    assert AuditEvent.objects.filter(action="application.enabled").count() == 1


def test_every_unmet_condition_is_listed_with_the_way_to_where_it_is_mended(annas: Client, settings: Any) -> None:
    settings.EXACT_ORIGINS = REAL_ORIGINS
    app = make(annas)
    applications.register(app, "https://elsewhere.example/", by=SOMEBODY)
    reasons = applications.why_not_enabled(app)
    assert len(reasons) >= 5
    page = text(annas.get(url(app, Step.ENABLE)))
    listed = re.findall(r"<li>(.*?)</li>", page.partition('class="reasons"')[2].partition("</ul>")[0])
    assert len(listed) == len(reasons)
    for reason, line in zip(reasons, listed, strict=True):
        assert reason in unescape(line)
        assert re.search(rf'href="{APPS}{app.pk}/set-up/(keys|register)/#about-\w+"', line), line
    assert main_button(page) == "Go to Register at Exact"
    response = annas.post(url(app, Step.ENABLE))
    assert [message for message in said(response) if message in reasons] == list(reasons)
    app.refresh_from_db()
    assert not app.is_enabled


def test_a_testing_app_says_who_can_connect(annas: Client, make_app: MakeApp) -> None:
    page = text(annas.get(url(make_app(kind="testing", enable=True), Step.ENABLE)))
    assert "a testing app works for no other" in page
    page = text(annas.get(url(make_app(client_id=str(uuid4()), enable=True), Step.ENABLE)))
    assert "Customers can connect once Exact has granted permission: <a href=" in page


def test_whoever_may_not_enable_reads_who_may(staff: Staff, make_app: MakeApp) -> None:
    app, client = make_app(), staff(*RIGHTS)
    page = text(client.get(url(app, Step.ENABLE)))
    assert "Enabling is somebody else's.</strong> Integrations manager may do this." in page
    assert client.post(url(app, Step.ENABLE)).status_code == 403
    applications.enable(app, by=SOMEBODY)
    page = text(client.get(url(app, Step.ENABLE)))
    assert "Connecting is somebody else's.</strong>" in page
    assert 'action="' not in page.partition("<main")[2]
