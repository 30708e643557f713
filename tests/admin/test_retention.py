"""The page of retention: ages and why, what would go, the last run, and a button; and the same from a terminal."""

import json
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.admin import retention as page_module
from integrations.models import AuditEvent, RetentionRun, User
from integrations.rules import retention as rules
from integrations.services import retention
from tests.services.test_retention import old_events

pytestmark = pytest.mark.django_db
URL = "/admin/portal/retention/"
RUN = f"{URL}run/"
Staff = Callable[..., Client]


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def said(response: Any) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def test_every_kind_stands_there_with_its_age_and_why(annas: Client) -> None:
    response = annas.get(URL)
    page = text(response)
    assert [line["title"] for line in response.context["lines"]] == [kind.title for kind in rules.KINDS]
    for expected in ("30 days", "90 days", "7 years", "Not kept", "What stays: a line for each connection and day."):
        assert expected in page
    for title, why in rules.KEPT.values():
        assert f"<dt>{title}</dt>".replace("'", "&#x27;") in page
        assert why in page
    assert "It has not run yet" in page


def test_run_now_clears_and_the_page_says_what_went(annas: Client, anna: User) -> None:
    old_events(3)
    before = text(annas.get(URL))
    assert '<td data-label="Would go" class="number nowrap">3</td>' in before
    response = annas.post(RUN)
    assert (response.url, said(response)) == (URL, ["Cleared. 3 rows went."])
    after = text(annas.get(URL))
    assert "Activity: 3" in after
    assert "by Anna Smit" in after
    assert "Nothing is old enough to go." in after
    assert AuditEvent.objects.get().actor == f"person:{anna.pk}"
    assert "Last cleared on" in text(annas.get("/admin/portal/"))
    assert said(annas.post(RUN)) == ["Cleared. Nothing was old enough to go."]


def test_a_run_that_takes_too_long_for_a_page_says_how_to_go_on(annas: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "CHUNK", 2)
    monkeypatch.setattr(page_module, "SECONDS", 0)
    old_events(3)
    assert said(annas.post(RUN)) == ["Stopped after 0 seconds. 2 rows went. Run it again to go on."]
    assert "The next run goes on where it stopped." in text(annas.get(URL))


def test_a_run_beside_another_is_refused_on_the_page(annas: Client) -> None:
    RetentionRun.objects.create(by="portal")
    assert "is at work already" in said(annas.post(RUN))[0]
    assert "At work" in text(annas.get(URL))


def test_looking_and_running_are_rights_of_their_own(staff: Staff) -> None:
    old_events(1)
    looker = staff("view_portal")
    assert "Run now" not in text(looker.get(URL))
    assert looker.post(RUN).status_code == 403
    assert staff("operate_portal").get(URL).status_code == 403
    operator = staff("view_portal", "operate_portal")
    assert "Run now" in text(operator.get(URL))
    assert operator.get(RUN).status_code == 405
    assert operator.post(URL).status_code == 405
    assert not RetentionRun.objects.exists()
    assert operator.post(RUN).status_code == 302
    assert RetentionRun.objects.get().went == {"activity": 1}


def test_the_number_of_queries_does_not_grow_with_the_rows(annas: Client) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            annas.get(URL)
        return len(queries)

    few = count()
    old_events(50)
    assert count() == few < 2 * len(rules.KINDS) + 12


def test_many_rows_are_not_counted_to_the_end(annas: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "MOST_COUNTED", 11)
    old_events(30)
    assert '<td data-label="Would go" class="number nowrap">over 10</td>' in text(annas.get(URL))


def terminal(*arguments: str) -> list[dict[str, Any]]:
    output = StringIO()
    call_command("retention", *arguments, stdout=output)
    return [json.loads(line) for line in output.getvalue().splitlines()]


def test_a_dry_run_changes_nothing_and_a_run_says_what_went() -> None:
    old_events(3)
    lines = {line["kind"]: line for line in terminal("--dry-run")}
    assert lines["activity"] == {"kind": "activity", "days": 2557, "rows": 3, "would_go": 3}
    assert set(lines) == {kind.name for kind in rules.KINDS}
    assert not RetentionRun.objects.exists()
    *kinds, run = terminal()
    assert kinds == [{"kind": "activity", "went": 3}]
    assert (run["state"], run["rows"]) == ("done", 3)
    event = AuditEvent.objects.get()
    assert event.actor.startswith("command:")
    assert event.object_id == run["run"]


def test_a_command_that_was_stopped_or_refused_exits_with_1(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "CHUNK", 2)
    monkeypatch.setattr(retention.run, "__kwdefaults__", {"seconds": 0})
    old_events(3)
    with pytest.raises(CommandError, match="Run it again") as raised:
        terminal()
    assert raised.value.returncode == 1
    RetentionRun.objects.create(by="portal", alive_at=timezone.now() + timedelta(seconds=1))
    with pytest.raises(CommandError, match="at work already"):
        terminal()
