"""Headers of every answer, measured by the scoring that MDN's HTTP Observatory publishes.

The table is from https://developer.mozilla.org/en-US/observatory/docs/tests_and_scoring (modifiers of the
results that are possible here); bonuses count from 90 points on.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client, override_settings
from django.urls import reverse
from django.utils.html import strip_tags

from integrations.models import Application, Heartbeat, Organization

pytestmark = pytest.mark.django_db
YEAR = 365 * 24 * 60 * 60
HALF_A_YEAR = 15_768_000


@pytest.fixture
def production(settings: Any) -> None:
    """What settings.py makes of an https PUBLIC_URL behind a trusted proxy."""
    settings.PUBLIC_URL = "https://portal.example"
    settings.ALLOWED_HOSTS = ["portal.example"]
    settings.TRUSTED_PROXIES = ["127.0.0.1/32"]
    settings.SECURE_SSL_REDIRECT = settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    settings.SECURE_SSL_HOST = "portal.example"
    settings.SECURE_HSTS_SECONDS = YEAR
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME = "__Host-portal_session", "__Host-portal_csrf"


HTTPS = {"HTTP_X_FORWARDED_PROTO": "https", "HTTP_HOST": "portal.example"}


def directives(response: Any) -> dict[str, set[str]]:
    policy = response.headers["Content-Security-Policy"]
    return {name: set(values) for name, *values in (part.split() for part in policy.split(";"))}


def score(response: Any) -> int:
    """Return the Observatory's points for one answer."""
    policy, headers = directives(response), response.headers
    unsafe = {"'unsafe-inline'", "'unsafe-eval'", "data:", "*", "https:"}
    strict = not unsafe & set().union(*policy.values())
    points = [
        (10 if policy.get("default-src") == {"'none'"} else 5) if strict else -20,  # content-security-policy
        5 if policy.get("frame-ancestors") else -20,  # x-frame-options, through CSP
        0 if headers.get("X-Content-Type-Options") == "nosniff" else -5,
        5 if headers.get("Referrer-Policy") in {"same-origin", "no-referrer", "strict-origin"} else 0,
        10 if headers.get("Cross-Origin-Resource-Policy") == "same-origin" else 0,
        0 if hsts_age(headers.get("Strict-Transport-Security", "")) >= HALF_A_YEAR else -20,
        cookie_points(response),
        0 if "Access-Control-Allow-Origin" not in headers else -50,
        0,  # subresource integrity: every script is from our own origin
        0,  # redirection: http leads to https on the same host, asserted below
    ]
    penalties = sum(value for value in points if value < 0)
    return 100 + penalties + (sum(value for value in points if value > 0) if 100 + penalties >= 90 else 0)


def hsts_age(header: str) -> int:
    return next((int(part.partition("=")[2]) for part in header.split(";") if part.strip().startswith("max-age=")), 0)


def cookie_points(response: Any) -> int:
    cookies = list(response.cookies.values())
    if not cookies:
        return 0
    if not all(cookie["secure"] and cookie["httponly"] for cookie in cookies):
        return -20
    return 5 if all(cookie["samesite"] in {"Lax", "Strict"} for cookie in cookies) else 0


@pytest.mark.usefixtures("production")
def test_the_page_that_a_stranger_sees_scores_125_or_more(client: Client) -> None:
    response = client.get("/admin/login/", **HTTPS)
    assert response.status_code == 200
    assert response.cookies
    assert score(response) >= 125


@pytest.mark.usefixtures("production")
def test_plain_http_leads_to_https_first(client: Client) -> None:
    response = client.get("/admin/login/?next=/", HTTP_HOST="portal.example")
    assert (response.status_code, response.url) == (301, "https://portal.example/admin/login/?next=/")


def answers(annas: Client, application: Application) -> dict[str, Any]:
    annas.raise_request_exception = False
    change = f"/admin/integrations/application/{application.pk}/change/"
    return {
        "page": annas.get("/admin/integrations/application/"),
        "form": annas.get(change),
        "redirect": annas.get("/"),
        "400 query": annas.get("/admin/integrations/application/?x=1"),
        "400 host": annas.get("/", HTTP_HOST="elsewhere.example"),
        "403": Client().post("/admin/login/", {}, secure=False, headers={"X": "y"}),
        "403 csrf": Client(enforce_csrf_checks=True).post("/admin/login/", {}),
        "404": annas.get("/nothing/here"),
        "404 app": annas.get("/admin/nothing/"),
        "405": annas.post("/health/live"),
        "503 or 200": annas.get("/health/ready"),
        "static": annas.get("/static/integrations/portal.css"),
        "static 404": annas.get("/static/nothing.css"),
        "javascript": annas.get("/admin/jsi18n/"),
    }


def test_every_answer_has_the_strict_policy(annas: Client, make_app: Callable[..., Application]) -> None:
    for name, response in answers(annas, make_app()).items():
        policy = directives(response)
        assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == {"'none'"}, name
        assert policy["script-src"] == policy["style-src"] == policy["form-action"] == {"'self'"}, name
        assert response.headers["X-Content-Type-Options"] == "nosniff", name
        assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin", name
        assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin", name
        assert response.headers["Referrer-Policy"] == "same-origin", name
        response.close()
        stored = response.headers["Cache-Control"] != "no-store"
        assert stored is (name == "static"), (name, response.headers["Cache-Control"])


def test_a_fault_answers_with_a_page_of_ours_and_all_headers(annas: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from integrations.admin import integrations_page  # noqa: PLC0415

    monkeypatch.setattr(integrations_page, "context", lambda: 1 / 0)
    annas.raise_request_exception = False
    response = annas.get("/admin/integrations/application/")
    assert response.status_code == 500
    assert "The fault is the portal" in response.content.decode()
    assert directives(response)["default-src"] == {"'none'"}
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/nothing/", 404, "There is no such page"),
        ("/admin/integrations/application/?x=1", 400, "could not be read"),
    ],
)
def test_error_pages_say_what_happened_and_lead_back(annas: Client, path: str, status: int, words: str) -> None:
    response = annas.get(path)
    assert response.status_code == status
    assert words in response.content.decode()
    assert 'href="/admin/"' in response.content.decode()


def test_a_form_that_was_open_too_long_says_so() -> None:
    response = Client(enforce_csrf_checks=True).post("/admin/login/", {})
    assert response.status_code == 403
    assert "no longer valid" in response.content.decode()


def test_another_host_name_leads_to_the_public_one(client: Client) -> None:
    with override_settings(ALLOWED_HOSTS=["testserver", "localhost"]):
        response = client.get("/admin/login/?next=/x", HTTP_HOST="localhost")
        assert (response.status_code, response.url) == (302, "http://testserver/admin/login/?next=/x")
        assert client.post("/admin/login/", HTTP_HOST="localhost").status_code == 400
        assert client.get("/health/live", HTTP_HOST="localhost").status_code == 200


@pytest.mark.parametrize(
    ("trusted", "forwarded", "seen"),
    [
        ([], "9.9.9.9", "127.0.0.1"),
        (["127.0.0.0/8"], "9.9.9.9", "9.9.9.9"),
        (["127.0.0.0/8"], "1.1.1.1, 9.9.9.9, 127.0.0.9", "9.9.9.9"),
        (["127.0.0.0/8"], "nonsense", "127.0.0.1"),
        (["127.0.0.0/8"], "", "127.0.0.1"),
        (["10.0.0.0/8"], "9.9.9.9", "127.0.0.1"),
    ],
)
def test_a_forwarded_address_is_believed_from_our_own_proxies_only(
    settings: Any, rf: Any, trusted: list[str], forwarded: str, seen: str
) -> None:
    from integrations.middleware import TrustedProxies  # noqa: PLC0415

    settings.TRUSTED_PROXIES = trusted
    request = rf.get("/", HTTP_X_FORWARDED_FOR=forwarded, HTTP_X_FORWARDED_PROTO="https")
    TrustedProxies(lambda request: request)(request)
    assert request.META["REMOTE_ADDR"] == seen
    assert request.is_secure() is (trusted == ["127.0.0.0/8"])
    assert "HTTP_X_FORWARDED_FOR" not in request.META


def test_cookies_are_for_the_server_only(client: Client) -> None:
    cookie = client.get("/admin/login/").cookies[django_settings.CSRF_COOKIE_NAME]
    assert (cookie["httponly"], cookie["samesite"], cookie["domain"]) == (True, "Lax", "")


def test_no_template_has_inline_script_or_style() -> None:
    templates = Path(django_settings.BASE_DIR) / "templates"
    for path in templates.rglob("*.html"):
        if path.is_relative_to(templates / "evidence"):
            continue  # no page of the portal: a file in a ZIP, which stands on its own
        text = path.read_text(encoding="utf-8")
        assert "<style" not in text, path
        assert " style=" not in text, path
        assert "<script>" not in text, path
        assert " onclick=" not in text, path


# --- Health -------------------------------------------------------------------------------------------------


def test_a_living_process_says_so_without_the_database(client: Client, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert client.get("/health/live").json() == {"status": "ok"}


def test_a_ready_process_says_so_and_changes_nothing(client: Client, at_work: None) -> None:
    assert client.get(reverse("health-ready")).json() == {"status": "ok"}


def test_a_process_that_cannot_serve_says_why_but_no_more(
    client: Client, at_work: None, make_app: Callable[..., Application], ring: Callable[..., Any]
) -> None:
    from integrations.crypto import Key  # noqa: PLC0415

    make_app()
    ring(Key.generate("other"))
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert response.json() == {"status": "failed", "failing": ["keys"], "more": "manage.py doctor"}


def test_pages_and_monitors_are_told_that_nothing_is_checked(annas: Client, at_work: None) -> None:
    quiet = "/admin/integrations/application/"
    assert "Nothing has been checked" not in annas.get(quiet).content.decode()
    Heartbeat.objects.update(at=datetime(2026, 11, 22, 11, 2, tzinfo=UTC))
    Organization.objects.create(name="Meridian", time_zone="UTC")
    page = " ".join(strip_tags(annas.get(quiet).content.decode()).split())
    assert "Nothing has been checked since 11:02: the scheduler is stopped." in page
    assert annas.get("/health/ready").json()["failing"] == ["processes"]
