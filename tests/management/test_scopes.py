"""``manage.py scopes``: what a grid lets an app read and write."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from integrations.exact.endpoints import ENDPOINTS, Endpoint
from integrations.management.commands.scopes import Command
from integrations.models import Application, Review, ScopeApproval
from integrations.rules import reach
from integrations.rules.editions import ARTICLE
from tests.conftest import SOMEBODY
from tests.permission import approved
from tests.scopes import called, selected

Line = Callable[..., dict[str, Any]]


@pytest.fixture
def line(capsys: pytest.CaptureFixture[str]) -> Line:
    def run(*words: str) -> dict[str, Any]:
        call_command("scopes", *words)
        (only,) = capsys.readouterr().out.splitlines()
        return json.loads(only)

    return run


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_an_edition_is_printed_with_what_it_opens(line: Line, form: tuple[str, ...]) -> None:
    answer = line("--edition", "article", *form)
    assert answer["edition"] == "article"
    assert list(answer["scopes"].items()) == list(ARTICLE.scopes.items())
    assert [len(answer[name]) for name in ("readable", "writable", "read_only", "no_scope")] == [146, 29, 17, 2]
    assert "/api/v1/{division}/crm/Accounts" in answer["writable"]
    assert "/api/v1/{division}/webhooks/WebhookSubscriptions" in answer["read_only"]


def test_the_traps_of_an_edition_are_told_by_code_and_text(line: Line) -> None:
    told = line("--edition", "article")["traps"]
    assert [trap["code"] for trap in told].count("scopes.no_entries") == 1
    assert {
        "code": "scopes.no_webhooks",
        "text": "With Read on organization.administration the app cannot create webhook subscriptions: POST, PUT and "
        "DELETE answer 403 (WebhookSubscriptions).",
    } in told


def test_without_an_option_it_prints_the_catalogue(line: Line) -> None:
    answer = line()
    assert (len(answer["scopes"]), set(answer["scopes"].values())) == (46, {"manage"})
    assert answer["read_only"] == []
    assert {trap["code"] for trap in answer["traps"]} == {"scopes.nothing_known"}
    rows = {row["uri"]: row for row in answer["endpoints"]}
    assert len(rows) == 381
    assert rows["/api/v1/current/Me"] == {"uri": "/api/v1/current/Me", "methods": ["GET"], "scopes": []}
    assert rows["/api/v1/{division}/customfield/CustomFields"]["methods"] is None


@pytest.mark.django_db
def test_of_an_app_it_prints_what_exact_had_approved(line: Line, make_app: Callable[..., Application]) -> None:
    application = approved(make_app(secret=None), {"sales.orders": "read", "crm.quotes": "manage"})
    answer = line("--app", str(application.pk), "--which", "approved")
    assert answer["app"] == str(application.pk)
    assert list(answer["scopes"].items()) == [("crm.quotes", "manage"), ("sales.orders", "read")]
    assert "/api/v1/{division}/crm/Quotations" in answer["writable"]
    assert "/api/v1/{division}/salesorder/SalesOrders" in answer["read_only"]


@pytest.mark.django_db
def test_an_app_without_approved_scopes_reads_what_needs_none(line: Line, make_app: Callable[..., Application]) -> None:
    answer = line("--app", str(make_app(secret=None).pk))
    assert (answer["scopes"], answer["writable"]) == ({}, [])
    assert answer["readable"] == ["/api/v1/current/Me", "/api/v1/{division}/hrm/Divisions"]


@pytest.mark.django_db
def test_what_the_form_no_longer_has_was_approved_and_opens_nothing(
    line: Line, make_app: Callable[..., Application]
) -> None:
    application = approved(make_app(secret=None), {"crm.accounts": "read"})
    older = {"crm.telex": "read", "sales.orders": "write", "crm.accounts": "read"}
    ScopeApproval.objects.update(scopes=older)
    assert line("--app", str(application.pk), "--which", "approved")["scopes"] == {"crm.accounts": "read"}


@pytest.mark.django_db
def test_an_app_of_which_nobody_selected_anything_prints_what_was_approved(
    line: Line, make_app: Callable[..., Application]
) -> None:
    application = approved(make_app(secret=None), {"crm.accounts": "read"})
    answer = line("--app", str(application.pk))
    assert (answer["which"], answer["scopes"]) == ("approved", {"crm.accounts": "read"})
    answer = line("--app", str(selected(application, {"crm.quotes": "read"}).pk))
    assert (answer["which"], answer["scopes"]) == ("selected", {"crm.quotes": "read"})


@pytest.mark.django_db
def test_an_unknown_app_is_refused() -> None:
    with pytest.raises(CommandError, match="There is no app") as caught:
        call_command("scopes", "--app", str(uuid4()))
    assert caught.value.returncode == 1


@pytest.mark.django_db
def test_an_app_beside_an_edition_is_compared_with_it(line: Line, make_app: Callable[..., Application]) -> None:
    scopes = {**ARTICLE.scopes, "logistics.items": "read", "crm.quotes": "manage"}
    application = selected(make_app(secret=None), scopes)
    answer = line("--app", str(application.pk), "--edition", "article")
    assert (answer["app"], answer["edition"]) == (str(application.pk), "article")
    assert (answer["scopes"]["logistics.items"], answer["scopes"]["crm.quotes"]) == ("read", "manage")
    assert answer["missing"] == [{"scope": "logistics.items", "has": "read", "recommended": "manage"}]
    assert answer["beyond"] == [{"scope": "crm.quotes", "has": "manage", "recommended": "none"}]
    assert answer["equal"] == [scope for scope in ARTICLE.scopes if scope != "logistics.items"]


@pytest.mark.django_db
def test_what_adopting_an_edition_would_open_and_close_is_told(
    line: Line, make_app: Callable[..., Application]
) -> None:
    application = selected(make_app(secret=None), {"crm.accounts": "manage", "crm.quotes": "manage"})
    answer = line("--app", str(application.pk), "--edition", "article")
    assert "/api/v1/{division}/salesorder/SalesOrders" in answer["opens_writing"]
    assert "/api/v1/{division}/financial/GLAccounts" in answer["opens_reading"]
    assert "/api/v1/{division}/crm/Quotations" in answer["closes_reading"]
    assert "/api/v1/{division}/crm/AcceptQuotation" in answer["closes_writing"]
    assert "/api/v1/{division}/salesorder/CompleteSalesOrder" in answer["unclear"]
    assert "/api/v1/{division}/crm/Accounts" not in [*answer["opens_writing"], *answer["closes_writing"]]


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["", "2019"])
def test_an_app_beside_an_unknown_edition_is_refused(make_app: Callable[..., Application], name: str) -> None:
    with pytest.raises(CommandError, match=r"There are: article, article-bank-feeds\.") as caught:
        call_command("scopes", "--app", str(make_app(secret=None).pk), "--edition", name)
    assert caught.value.returncode == 1


def test_of_an_endpoint_it_prints_what_each_method_needs(line: Line) -> None:
    answer = line("--endpoint", "webhook")
    scope = "organization.administration"
    manage = [{"scope": scope, "level": "manage"}]
    assert answer == {
        "uri": "/api/v1/{division}/webhooks/WebhookSubscriptions",
        "methods": ["GET", "POST", "PUT", "DELETE"],
        "scopes": [scope],
        "needs": {"GET": [{"scope": scope, "level": "read"}], "POST": manage, "PUT": manage, "DELETE": manage},
        "sentence": f"GET: {scope} at Read; POST, PUT, DELETE: {scope} at Manage.",
    }


def test_of_an_endpoint_without_known_methods_it_prints_what_is_known(line: Line) -> None:
    answer = line("--endpoint", "CompleteSalesOrder", "--edition", "article")
    assert (answer["scopes"], answer["methods"], answer["needs"]) == (["sales.orders"], None, None)
    assert (answer["reached"], answer["answering"]) == (True, None)


def test_every_endpoint_that_is_found_has_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("scopes", "--endpoint", "AgingOverview")
    rows = [json.loads(row) for row in capsys.readouterr().out.splitlines()]
    assert [row["uri"].rpartition("/")[2] for row in rows] == ["AgingOverview", "AgingOverviewByAccount"]
    assert [need["scope"] for need in rows[0]["needs"]["GET"]] == ["financial.receivables", "financial.payables"]


@pytest.mark.parametrize(
    ("typed", "is_reached", "methods"),
    [
        ("WebhookSubscriptions", True, ["GET"]),
        ("https://start.exactonline.nl/api/v1/1/vat/VATCodes(guid'1')?$top=1", True, ["GET"]),
        ("StockBatchNumbers", True, ["GET", "POST", "PUT", "DELETE"]),
        ("crm/AcceptQuotation", False, []),
    ],
)
def test_with_an_edition_it_says_whether_an_endpoint_is_reached(
    line: Line, typed: str, is_reached: bool, methods: list[str]
) -> None:
    answer = line("--endpoint", typed, "--edition", "article")
    assert (answer["edition"], answer["reached"], answer["answering"]) == ("article", is_reached, methods)


@pytest.mark.django_db
def test_with_an_app_it_says_whether_an_endpoint_is_reached(line: Line, make_app: Callable[..., Application]) -> None:
    application = selected(make_app(secret=None), {"crm.accounts": "read"})
    answer = line("--endpoint", "crm/BankAccounts", "--app", str(application.pk))
    assert (answer["app"], answer["reached"], answer["answering"]) == (str(application.pk), True, ["GET"])


@pytest.mark.parametrize("typed", ["", "nothing of that name", "\x00"])
def test_an_endpoint_that_nobody_knows_is_refused(typed: str) -> None:
    with pytest.raises(CommandError, match="No endpoint with this text") as caught:
        call_command("scopes", "--endpoint", typed)
    assert caught.value.returncode == 1


@pytest.mark.parametrize("name", ["", "ARTICLE", "2019"])
def test_an_unknown_edition_is_refused_with_the_names_there_are(name: str) -> None:
    with pytest.raises(CommandError, match=r"There are: article, article-bank-feeds\.") as caught:
        call_command("scopes", "--edition", name)
    assert caught.value.returncode == 1


@pytest.mark.parametrize(
    "words",
    [
        ["--app", "x"],
        ["--edition"],
        ["--endpoint"],
        ["--app", str(uuid4()), "--edition", "article", "--endpoint", "Me"],
        ["article"],
    ],
)
def test_a_wrong_call_is_told_as_one(words: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        Command().run_from_argv(["manage.py", "scopes", *words])
    assert caught.value.code == 2


def test_the_lines_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("scopes", "--edition", "article", "--text")
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == ["edition: article", "scopes: 12", "  crm.accounts: manage"]
    assert {"readable: 146", "writable: 29", "read_only: 17", "no_scope: 2", "methods_unknown: 2"} <= set(lines)
    assert "  /api/v1/{division}/crm/Accounts  (GET, POST, PUT, DELETE; crm.accounts)" in lines
    assert lines[14] == "traps: 6"
    assert lines[15].startswith("  scopes.read_only: With Read on financial.generalledgers the app cannot create")


def test_the_catalogue_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("scopes", "--text")
    lines = capsys.readouterr().out.splitlines()
    unknown = [line for line in lines if line.startswith("  scopes.nothing_known: No endpoint is known")]
    assert len(lines) == 1 + 46 + 1 + len(unknown) + 1 + 381
    assert "  /api/v1/current/Me  (GET; no scope)" in lines
    assert any(line.endswith("CustomFields  (methods not known; organization.extensibility)") for line in lines)


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("webhooks/", "Reached: GET."),
        ("CompleteSalesOrder", "Reached."),
        ("AcceptQuotation", "Not reached: whatever is asked of it answers 403."),
    ],
)
def test_an_endpoint_for_people(capsys: pytest.CaptureFixture[str], typed: str, told: str) -> None:
    call_command("scopes", "--edition", "article", "--endpoint", typed, "--text")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "edition: article"
    assert lines[1].startswith("/api/v1/{division}/")
    assert lines[-1] == f"  {told}"


@pytest.mark.django_db
def test_that_nobody_knows_whether_it_is_reached_is_told_to_people(
    capsys: pytest.CaptureFixture[str], make_app: Callable[..., Application]
) -> None:
    application = selected(make_app(secret=None), {"organization.extensibility": "read"})
    call_command("scopes", "--app", str(application.pk), "--endpoint", "CustomFields", "--text")
    assert capsys.readouterr().out.splitlines()[-1].startswith("  Nobody knows whether it is reached")


@pytest.mark.django_db
def test_a_comparison_for_people(capsys: pytest.CaptureFixture[str], make_app: Callable[..., Application]) -> None:
    application = selected(make_app(secret=None), {"crm.accounts": "manage", "crm.quotes": "read"})
    call_command("scopes", "--app", str(application.pk), "--edition", "article", "--text")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"app: {application.pk}  which: selected  edition: article"
    assert {"missing: 11", "beyond: 1", "equal: 1", "  crm.accounts", "closes_writing: 0"} <= set(lines)
    assert "  sales.orders: none, recommended manage" in lines
    assert "  crm.quotes: read, recommended none" in lines


# --- Which scopes of an app -----------------------------------------------------------------------------------


@pytest.fixture
def three(make_app: Callable[..., Application]) -> Application:
    """An app that wants one thing, has sent another, and has a third one approved."""
    application = selected(make_app(secret=None), {"crm.accounts": "read"})
    approved(application, {"sales.orders": "read"})
    sent = {"scopes": {"crm.quotes": "manage"}}
    Review.objects.create(
        application=application, number=1, state="submitted", submitted=sent, submitted_hash="0" * 64,
        created_by=str(SOMEBODY),
    )  # fmt: skip
    return application


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("words", "which", "scopes"),
    [
        ((), "selected", {"crm.accounts": "read"}),
        (("--which", "selected"), "selected", {"crm.accounts": "read"}),
        (("--which", "submitted"), "submitted", {"crm.quotes": "manage"}),
        (("--which", "approved"), "approved", {"sales.orders": "read"}),
    ],
)
def test_what_is_wanted_was_sent_and_is_approved_are_three_things(
    line: Line, three: Application, words: tuple[str, ...], which: str, scopes: dict[str, str]
) -> None:
    answer = line("--app", str(three.pk), *words)
    assert (answer["which"], answer["scopes"]) == (which, scopes)


@pytest.mark.django_db
def test_before_anything_was_sent_nothing_was_submitted(line: Line, make_app: Callable[..., Application]) -> None:
    assert line("--app", str(make_app(secret=None).pk), "--which", "submitted")["scopes"] == {}


@pytest.mark.django_db
def test_of_an_app_it_prints_what_no_call_needed(line: Line, make_app: Callable[..., Application]) -> None:
    scopes = {"crm.accounts": "manage", "crm.marketing": "read", "sales.orders": "read"}
    application = selected(make_app(secret=None), scopes)
    called(application, "crm/Accounts", "new/Thing")
    answer = line("--app", str(application.pk))
    assert (answer["unused"], answer["untold"]) == (["sales.orders"], ["crm.marketing"])
    assert answer["in_use"] == ["/api/v1/{division}/crm/Accounts"]
    assert answer["not_in_table"] == ["new/Thing"]


@pytest.mark.parametrize("words", [["--which", "approved"], ["--edition", "article", "--which", "selected"]])
def test_which_scopes_is_asked_of_an_app_only(words: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        Command().run_from_argv(["manage.py", "scopes", *words])
    assert caught.value.code == 2


# --- Where the numbers come from ------------------------------------------------------------------------------


def test_the_numbers_of_an_edition_follow_the_table_of_endpoints(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    further = Endpoint("/api/v1/{division}/crm/Further", ("GET", "POST"), ("financial.accounting",))
    free = Endpoint("/api/v1/{division}/crm/Free", ("GET",), ())
    monkeypatch.setattr(reach, "ENDPOINTS", (*ENDPOINTS, further, free))
    answer = line("--edition", "article", "--json")
    assert [len(answer[name]) for name in ("readable", "read_only", "no_scope")] == [148, 18, 3]
    assert further.uri in answer["read_only"]
    assert free.uri in answer["no_scope"]
