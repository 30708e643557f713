"""What Exact may answer, and what a browser may bring back: a clear word, in time, and nothing is lost."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.utils import timezone

from integrations.exact import api, oauth
from integrations.models import AuditEvent, AuthorizationState, Company, Connection, UsageWindow
from integrations.rules import usage as rules
from integrations.services import checks, tokens
from tests.practice import Practice, practising

pytestmark = pytest.mark.django_db

DEADLINE = 20
LATE = ("slow", "dripping")
"""For these the deadline is shortened to a second, which the others would miss on a machine that is busy."""
CAUSES = {
    "html_200": "Unavailable",
    "empty_200": "Unavailable",
    "truncated_json": "MalformedAnswer",
    "cut_off": "ConnectionLost",
    "huge": "AnswerTooLarge",
    "gzip_bomb": "AnswerTooLarge",
    "redirect_307": "RedirectRefused",
    "json_list": "MalformedAnswer",
    "endless": "AnswerTooLarge",
    "slow": "TimedOut",
    "dripping": "TimedOut",
    "values_null": "MalformedAnswer",
    "values_negative": "MalformedAnswer",
    "values_nul": "MalformedAnswer",
    "values_crlf": "MalformedAnswer",
}
KEPT = ("refresh_token", "access_token", "token_generation", "token_answered_at")


@pytest.fixture
def exact(
    request: pytest.FixtureRequest, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Practice]:
    if hasattr(request.node, "callspec") and request.node.callspec.params.get("fault") in LATE:
        monkeypatch.setattr(api, "send", partial(api.send, seconds=1.0))
        monkeypatch.setattr(oauth, "exchange_code", partial(oauth.exchange_code, seconds=1.0))
        monkeypatch.setattr(tokens, "DEADLINE_SECONDS", 1.0)
    with practising(tmp_path, settings) as one:
        yield one


def order(exact: Practice, fault: str, target: str) -> None:
    """A fault that Exact commits without having acted on the request."""
    seconds = {"seconds": 0.2 if fault == "dripping" else DEADLINE}
    exact.sandbox.order(fault, target, processed=False, params=seconds)


def later(exact: Practice, seconds: float) -> None:
    """Let time pass, here and at Exact."""
    for row in Connection.objects.all():
        for name in ("token_answered_at", "refresh_asked_at"):
            before = getattr(row, name)
            setattr(row, name, before and before - timedelta(seconds=seconds))
        row.save(update_fields=["token_answered_at", "refresh_asked_at"])
    exact.sandbox.clock.move(seconds)


def stored() -> tuple[Any, ...]:
    return Connection.objects.values_list(*KEPT).get()


def page_of(client: Client, row: Connection | Company) -> str:
    kind = type(row).__name__.lower()
    return unescape(client.get(f"/admin/integrations/{kind}/{row.pk}/change/").content.decode())


# --- Answers of the API and of the token endpoint -----------------------------------------------------------


@pytest.mark.parametrize("target", ["me", "system_divisions"])
@pytest.mark.parametrize("fault", CAUSES)
def test_a_spoilt_answer_of_the_api(annas: Client, exact: Practice, fault: str, target: str) -> None:
    connection = exact.connect(annas)
    before, reached = stored(), Company.objects.count()
    order(exact, fault, target)
    check = checks.run(connection)
    assert (check.ok, check.cause) == (False, CAUSES[fault])
    assert check.milliseconds < DEADLINE * 1000
    assert (stored(), Company.objects.count()) == (before, reached)
    assert timedelta(0) < check.next_check_at - timezone.now() < timedelta(hours=7)
    page = page_of(annas, connection)
    assert check.detail in page
    assert "Connected" in page

    connection.refresh_from_db()
    again = checks.run(connection)
    assert again.ok, again.detail
    assert stored() == before


@pytest.mark.parametrize("fault", CAUSES)
def test_a_spoilt_answer_of_the_token_endpoint(annas: Client, exact: Practice, fault: str) -> None:
    connection = exact.connect(annas)
    later(exact, 601)
    before = stored()
    order(exact, fault, "token")
    check = checks.run(connection)
    assert (check.ok, check.cause, check.calls) == (False, "OutcomeUnknown", 0)
    assert check.milliseconds < DEADLINE * 1000
    assert stored() == before
    assert "Being verified" in page_of(annas, connection)

    later(exact, 571)
    connection.refresh_from_db()
    assert checks.run(connection).ok
    assert stored() != before
    connection.refresh_from_db()
    assert connection.status == Connection.Status.CONNECTED


@pytest.mark.parametrize("fault", CAUSES)
def test_a_spoilt_answer_to_the_code(annas: Client, exact: Practice, fault: str) -> None:
    known = exact.connect(annas)
    before = stored()
    way_back = exact.consent(exact.begin(annas))
    order(exact, fault, "token")
    page = refused(annas, way_back)
    assert "Start again" in page
    assert "Exact" in page
    assert stored() == before
    assert AuditEvent.objects.filter(action__startswith="connection.").count() == 1
    assert exact.connect(annas).pk == known.pk
    assert checks.run(known).ok


@pytest.mark.parametrize("fault", ["html_200", "json_list", "values_nul", "gzip_bomb", "slow"])
def test_tokens_without_a_word_whose_they_are_are_nobodys(annas: Client, exact: Practice, fault: str) -> None:
    way_back = exact.consent(exact.begin(annas))
    order(exact, fault, "me")
    assert "Start again" in refused(annas, way_back)
    assert Connection.objects.get().status == Connection.Status.PENDING
    assert not Company.objects.exists()
    connection = exact.connect(annas)
    assert checks.run(connection).ok


@pytest.mark.parametrize("fault", [*CAUSES, "minute_429", "day_429", "other_429", "licence_403"])
def test_companies_that_cannot_be_read_at_once_come_with_the_first_check(
    annas: Client, exact: Practice, fault: str
) -> None:
    way_back = exact.consent(exact.begin(annas))
    order(exact, fault, "divisions")
    response = annas.get(way_back)
    connection = Connection.objects.get()
    assert response.url == f"/admin/integrations/connection/{connection.pk}/change/"
    assert connection.status == Connection.Status.CONNECTED
    assert Company.objects.count() == 1
    UsageWindow.objects.update(blocked_until=None, blocked_by="", day_used=1)
    assert checks.run(connection).ok
    assert Company.objects.count() == 5


def test_a_company_without_a_call_left_is_connected_all_the_same(annas: Client, exact: Practice) -> None:
    first = exact.connect(annas)
    until = timezone.now() + timedelta(hours=1)
    UsageWindow.objects.update(blocked_until=until, blocked_by="day")
    assert exact.connect(annas).token_generation > first.token_generation
    check = checks.run(first)
    assert (check.cause, check.next_check_at) == ("LimitReached", until)
    assert not first.accesses.filter(withdrawn_at__isnull=False).exists()


# --- Headers of limits --------------------------------------------------------------------------------------

DOUBTS = {
    "headers_absent": "headers absent",
    "headers_negative": "not a number: -",
    "headers_huge": "not a number: 999",
    "headers_text": "not a number: plenty",
    "headers_twice": "given twice: ",
    "headers_underscore": "not a number: 5_9",
    "headers_arabic": "not a number: Ù¥Ù©",
    "headers_seconds": "in seconds: ",
}


@pytest.mark.parametrize("fault", DOUBTS)
def test_headers_that_cannot_be_believed_are_ignored_and_noted(annas: Client, exact: Practice, fault: str) -> None:
    connection = exact.connect(annas)
    known = UsageWindow.objects.values("minute_limit", "day_limit").get()
    exact.sandbox.order(fault, "divisions", 1)
    assert checks.run(connection).ok
    window = UsageWindow.objects.get()
    assert UsageWindow.objects.values(*known).get() == known
    assert (window.day_used, len(rules.stamps(window.minute_ring)), window.blocked_until) == (2, 60, None)
    assert window.notes
    assert all(DOUBTS[fault] in note for note in window.notes)
    company = Company.objects.get(division=connection.division)
    page = page_of(annas, company)
    assert "Not believed" in page
    assert all(note in page for note in window.notes)

    assert checks.run(connection).ok
    assert UsageWindow.objects.get().notes == []
    assert "Not believed" not in page_of(annas, company)


# --- What a browser may bring back --------------------------------------------------------------------------


def refused(client: Client, path: str) -> str:
    """The page at a clean address on which a callback ends that connected nothing."""
    response = client.get(path, follow=True)
    assert response.redirect_chain == [("/connect/result/", 302)]
    assert response.status_code == 400
    content: str = response.content.decode()
    return content


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ({"error": "access_denied"}, "does not belong"),
        ({"error": "access_denied", "state": "x"}, "does not belong"),
        ({"error": ["a", "b"], "state": "own"}, "more than one error"),
        ({"error": "<b>no</b>", "state": "own"}, "Exact refused the authorization. (&lt;b&gt;no&lt;/b&gt;)"),
        ({"error": "server_error", "error_description": "\r\nSet-Cookie: a=b\0", "state": "own"}, "Exact refused"),
        ({"error": "x" * 3000, "error_description": "y" * 3000, "state": "own"}, "Exact refused"),
        ({"error": "access_denied", "code": "own", "state": "own"}, "Access was not given"),
        ({"code": "a\r\nb", "state": "own"}, "did not accept the authorization code"),
        ({"code": "a\0b", "state": "own"}, "did not accept the authorization code"),
        ({"code": "٥٩", "state": "own"}, "did not accept the authorization code"),
        ({"code": "x" * 4097, "state": "own"}, "did not accept the authorization code"),
        ({"code": " ", "state": "own"}, "did not accept the authorization code"),
        ({"code": "own", "state": "\0"}, "does not belong"),
        ({"code": "own", "state": "\ud800".encode("utf-8", "surrogatepass")}, "does not belong"),
        ({"state": "own"}, "no code"),
        ({}, "no code"),
    ],
)
def test_a_callback_that_was_tampered_with(annas: Client, exact: Practice, extra: dict[str, Any], words: str) -> None:
    path, _, query = exact.consent(exact.begin(annas)).partition("?")
    own = dict(part.split("=", 1) for part in query.split("&"))
    given = {name: own[name] if value == "own" else value for name, value in extra.items()}
    page = refused(annas, f"{path}?{urlencode(given, doseq=True, safe='%')}")
    assert words in page
    assert not Connection.objects.exists()
    assert exact.sandbox.ledger("token") == []
    assert AuditEvent.objects.filter(action__startswith="connection.").count() == 0


@pytest.mark.parametrize("method", ["head", "post", "put", "delete", "options"])
def test_only_a_get_is_an_answer(annas: Client, exact: Practice, method: str) -> None:
    good = exact.consent(exact.begin(annas))
    assert getattr(annas, method)(good).status_code == 405
    assert exact.sandbox.ledger("token") == []
    assert AuthorizationState.objects.get().used_at is None
    assert annas.get(good).status_code == 302
    assert Connection.objects.get().status == Connection.Status.CONNECTED


def test_a_browser_that_forgot_who_it_is_begins_anew(annas: Client, exact: Practice) -> None:
    good = exact.consent(exact.begin(annas))
    annas.cookies.clear()
    assert "another browser" in refused(annas, good)
    assert exact.sandbox.ledger("token") == []


def test_an_app_that_was_disabled_meanwhile_connects_nobody(annas: Client, exact: Practice) -> None:
    good = exact.consent(exact.begin(annas))
    annas.post(f"/admin/integrations/application/{exact.application.pk}/disable/")
    assert "is not enabled" in refused(annas, good)
    annas.post(f"/admin/integrations/application/{exact.application.pk}/enable/")
    assert annas.get(good).status_code == 302
    assert Connection.objects.get().status == Connection.Status.CONNECTED


def test_an_app_of_another_exact_sends_no_code_anywhere(annas: Client, exact: Practice, settings: Any) -> None:
    good = exact.consent(exact.begin(annas))
    settings.EXACT_ORIGINS = {**settings.EXACT_ORIGINS, "nl": "https://start.exactonline.nl"}
    assert "it sleeps" in refused(annas, good)
    assert exact.sandbox.ledger("token") == []
