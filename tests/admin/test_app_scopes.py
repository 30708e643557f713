"""The pages of an app's scopes: the grid, what would change, what works, recommended lists, and where Exact refused."""

from collections.abc import Callable
from html import escape
from typing import Any, Final

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from integrations.exact.scopes import SCOPES, Level
from integrations.models import Application, AuditEvent
from integrations.rules.editions import ARTICLE
from integrations.services import scopes
from tests import customers
from tests import scopes as given
from tests.conftest import SOMEBODY
from tests.permission import approved

pytestmark = pytest.mark.django_db
MakeApp = Callable[..., Application]
Staff = Callable[..., Client]
LOOK = ("view_application", "view_connection", "view_company")
CHOOSE = ("view_application", "select_scopes")
ADMINISTRATION = given.ADMINISTRATION


@pytest.fixture
def app(make_app: MakeApp) -> Application:
    return make_app(secret=None)


def url(app: Application, query: str = "", page: str = "app-scopes") -> str:
    return reverse(f"admin:{page}", args=[app.pk]) + query


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def rows(response: Any) -> dict[str, Any]:
    return {row.scope: row for group in response.context["groups"] for row in group.rows}


def chosen(app: Application) -> dict[str, str]:
    return {scope: str(level) for scope, level in scopes.selected(app).items()}


# --- The grid -------------------------------------------------------------------------------------------------


def test_the_grid_has_a_group_of_radio_buttons_for_every_scope_in_the_order_of_the_form(
    annas: Client, app: Application
) -> None:
    response = annas.get(url(app))
    assert list(rows(response)) == list(SCOPES)
    page = text(response)
    assert [page.count(f'name="level-{scope}"') for scope in SCOPES] == [3] * 46
    assert page.count('role="radiogroup"') == 46


def test_it_marks_what_is_recommended_and_what_differs_from_what_was_sent_and_approved(
    annas: Client, app: Application
) -> None:
    approved(app, {"crm.accounts": "manage", "sales.orders": "read"})
    given.selected(app, {"crm.accounts": "manage", "hrm.payroll": "read"})
    shown = rows(annas.get(url(app, "?edition=article")))
    assert (shown["crm.accounts"].recommended, shown["hrm.payroll"].recommended) == ("Manage", "")
    differs = {scope for scope, row in shown.items() if row.approved.differs}
    assert differs == {"sales.orders", "hrm.payroll"}
    assert not any(row.submitted.label for row in shown.values())


def test_each_group_is_summed_up(annas: Client, app: Application) -> None:
    given.selected(app, {"sales.orders": "manage", "sales.invoices": "manage", "crm.quotes": "read"})
    groups = {group.name: group.summary for group in annas.get(url(app)).context["groups"]}
    assert (groups["Sales"], groups["Crm"], groups["Hrm"]) == ("2 of 4: Manage 2", "1 of 4: Read 1", "0 of 2")


def test_exacts_dutch_labels_stand_there_where_the_form_may_be_dutch(annas: Client, make_app: MakeApp) -> None:
    dutch, english = make_app(secret=None), make_app(secret=None, region="uk", client_id=None)
    assert all(word in text(annas.get(url(dutch))) for word in ("Ongebruikt", "Lezen", "Beheren"))
    assert "Ongebruikt" not in text(annas.get(url(english)))


@pytest.mark.parametrize("grid", [{}, ARTICLE.scopes], ids=["empty", "article"])
def test_it_says_of_a_testing_app_that_scopes_prove_nothing(
    annas: Client, make_app: MakeApp, grid: dict[str, str]
) -> None:
    testing = given.selected(make_app(secret=None, kind="testing"), grid)
    assert "A testing app is not limited by scopes" in text(annas.get(url(testing)))
    product = make_app(secret=None, client_id=None)
    assert "A testing app is not" not in text(annas.get(url(product)))


def test_traps_are_called_out_with_the_way_to_the_cell(annas: Client, app: Application) -> None:
    given.selected(app, {str(scope): str(level) for scope, level in ARTICLE.scopes.items()})
    told = {trap["code"]: trap for trap in annas.get(url(app)).context["traps"]}
    assert "scopes.no_entries" in told
    assert told["scopes.no_webhooks"]["url"].endswith("#scope-organization-administration")


def test_filtering_hides_the_other_lines_and_still_sends_them(annas: Client, app: Application) -> None:
    response = annas.get(url(app, "?filter=Sales+ORD"))
    assert [scope for scope, row in rows(response).items() if row.matches] == ["sales.orders"]
    assert response.content.decode().count('type="radio"') == 3 * 46
    assert "No scope has this in its name" in text(response)
    assert not response.context["found"] or "data-scope-none hidden" in text(response)
    assert not annas.get(url(app, "?filter=nothing+like+it")).context["found"]


@pytest.mark.parametrize("query", ["?scope=x", "?scope=Crm.Accounts", "?edition=2019", "?q=1", "?p=2"])
def test_nothing_else_is_asked_of_it(annas: Client, app: Application, query: str) -> None:
    assert annas.get(url(app, query)).status_code == 400


def test_whoever_may_only_look_sees_levels_and_no_field(staff: Staff, app: Application) -> None:
    given.selected(app, {"crm.accounts": "manage"})
    page = text(staff(*LOOK).get(url(app)))
    assert 'type="radio"' not in page
    assert 'name="reason-' not in page
    assert "Integrations manager may do this." in page


# --- Saving ---------------------------------------------------------------------------------------------------


def test_it_is_saved_as_one_change(annas: Client, app: Application) -> None:
    sent = {**given.form(app, crm__accounts="manage", sales__orders="read"), "reason-crm.accounts": "Looked up"}
    response = annas.post(url(app), sent, follow=True)
    assert chosen(app) == {"crm.accounts": "manage", "sales.orders": "read"}
    assert scopes.reasons(app) == {"crm.accounts": "Looked up"}
    assert AuditEvent.objects.filter(action="scopes.selected").count() == 1
    assert "Saved: 2 scopes were changed. Nothing changes at Exact before Exact approves it." in text(response)


def test_saving_needs_the_right(staff: Staff, app: Application) -> None:
    assert staff(*LOOK).post(url(app), given.form(app, crm__accounts="read")).status_code == 403
    assert chosen(app) == {}
    assert staff(*CHOOSE).post(url(app), given.form(app, crm__accounts="read")).status_code == 302


LEVELS: Final = (
    ({"level-crm.nothing": "read"}, "no scope “crm.nothing”"),
    ({"level-Crm.Accounts": "read"}, "It is written crm.accounts."),
    ({"level-crm.accounts": "write"}, "cannot be at “write”"),
    ({"level-crm.accounts": ["read", "manage"]}, "crm.accounts is there more than once."),
    ({"level-crm.accounts": "MANAGE"}, "cannot be at “MANAGE”"),
    ({"level-<script>alert(1)</script>": "read"}, "no scope “<script>"),
)
REASONS: Final = (
    ({"reason-crm.accounts": "x" * 301}, "301 characters"),
    ({"reason-crm.nothing": "x"}, "no scope “crm.nothing”"),
)


@pytest.mark.parametrize(
    ("do", "crafted", "told"),
    [*(("save", *each) for each in (*LEVELS, *REASONS)), *(("show", *each) for each in LEVELS)],
)
def test_what_no_page_of_ours_sends_is_refused_with_the_reason(
    annas: Client, app: Application, do: str, crafted: dict[str, Any], told: str
) -> None:
    given.selected(app, {"sales.orders": "read"})
    response = annas.post(url(app), {**given.form(app, hrm__payroll="manage"), **crafted, "do": do})
    assert response.status_code == 200
    assert escape(told, quote=False) in text(response)
    assert "<script>alert" not in response.content.decode()
    assert chosen(app) == {"sales.orders": "read"}
    assert AuditEvent.objects.filter(action="workflow.refused").count() == 1
    assert rows(response)["hrm.payroll"].level == "manage"


@pytest.mark.parametrize(
    "change",
    [
        {"version": ""},
        {"version": "x"},
        {"version": "0"},
        {"version": "99999999999"},
        {"version": "²"},
        {"level-crm.accounts": None},
    ],
)
def test_a_form_that_is_incomplete_is_to_be_opened_once_more(
    annas: Client, app: Application, change: dict[str, str | None]
) -> None:
    given.selected(app, {"sales.orders": "read"})
    sent = {**given.form(app, hrm__payroll="manage"), **change}
    response = annas.post(url(app), {name: value for name, value in sent.items() if value is not None})
    assert "This form is incomplete." in text(response)
    assert chosen(app) == {"sales.orders": "read"}


def test_two_people_at_once_see_what_saving_again_would_overwrite(annas: Client, app: Application) -> None:
    mine = given.form(app, crm__accounts="manage")
    given.selected(app, {"crm.accounts": "read"})
    response = annas.post(url(app), mine)
    page = text(response)
    assert "Somebody changed it meanwhile" in page
    assert chosen(app) == {"crm.accounts": "read"}
    assert response.context["conflict"]["differences"] == [
        {"label": "crm.accounts", "stored": "Read", "typed": "Manage"}
    ]
    annas.post(url(app), {**mine, "version": str(response.context["version"])})
    assert chosen(app) == {"crm.accounts": "manage"}


def test_sent_twice_it_is_stored_once_and_no_conflict(annas: Client, app: Application) -> None:
    sent = given.form(app, crm__accounts="read")
    annas.post(url(app), sent)
    response = annas.post(url(app), sent, follow=True)
    assert "That is how it was chosen already." in text(response)
    assert AuditEvent.objects.filter(action="scopes.selected").count() == 1


# --- Before it is saved ---------------------------------------------------------------------------------------


def test_what_it_would_change_is_shown_and_nothing_is_stored(annas: Client, app: Application) -> None:
    given.selected(app, {"crm.accounts": "manage"})
    given.called(app, "crm/Accounts")
    before = AuditEvent.objects.count()
    response = annas.post(url(app), {**given.form(app, sales__orders="read"), "do": "show"})
    page = text(response)
    preview = response.context["preview"]
    assert [endpoint.path for endpoint in preview["in_use"]] == ["crm/Accounts"]
    words = [part["words"] for part in preview["parts"]]
    assert words[0] == "would open for reading"
    assert "would answer 403 to writing" in words
    assert "in use in the last 30 days" in page
    assert rows(response)["sales.orders"].level is Level.READ
    assert (chosen(app), AuditEvent.objects.count()) == ({"crm.accounts": "manage"}, before)


def test_where_nothing_would_change_it_says_so(annas: Client, app: Application) -> None:
    page = text(annas.post(url(app), {**given.form(app), "do": "show"}))
    assert "Nothing: each known endpoint answers as before." in page


# --- Where Exact refused --------------------------------------------------------------------------------------


@pytest.fixture
def hit(app: Application) -> Any:
    row = customers.connect(app, "Alex Accountant")
    customers.reach(row, customers.add("Jansen BV"), 1, 2)
    given.refused(row)
    return row


def test_from_a_check_one_click_leads_to_the_cell_and_the_companies(annas: Client, app: Application, hit: Any) -> None:
    cell = f"{url(app)}?scope={ADMINISTRATION}#scope-organization-administration"
    page = text(annas.get(reverse("admin:integrations_connection_change", args=[hit.pk])))
    assert f'<a href="{cell}">Change the scope</a>' in page
    company = hit.accesses.first().company
    assert f'<a href="{cell}">Change' in text(
        annas.get(reverse("admin:integrations_company_change", args=[company.pk]))
    )
    response = annas.get(cell.partition("#")[0])
    assert [scope for scope, row in rows(response).items() if row.pointed] == [ADMINISTRATION]
    page = text(response)
    assert 'id="scope-organization-administration"' in page
    assert "Company 1 (1)" in page
    assert "Company 2 (2)" in page
    assert "Exact refused a call: organization.administration at Read is missing" in page


@pytest.mark.parametrize(
    ("selected", "is_approved", "told"),
    [
        ({}, {}, "Choose Read or Manage below."),
        ({ADMINISTRATION: "read"}, {}, "Exact has not approved it yet"),
        ({ADMINISTRATION: "read"}, {ADMINISTRATION: "manage"}, "It is recorded here as approved."),
    ],
)
def test_it_says_why_the_call_may_have_been_refused(
    annas: Client, app: Application, hit: Any, selected: dict[str, str], is_approved: dict[str, str], told: str
) -> None:
    given.selected(app, selected)
    approved(app, is_approved)
    assert told in text(annas.get(url(app)))


def test_names_of_companies_and_connections_are_for_who_may_see_them(staff: Staff, app: Application, hit: Any) -> None:
    page = text(staff("view_application").get(url(app)))
    assert "every company that it reaches: 2." in page
    assert "Company 1" not in page
    assert "Alex Accountant" not in page
    assert "Alex Accountant" in text(staff(*LOOK).get(url(app)))


def test_a_check_without_such_a_refusal_leads_nowhere(annas: Client, app: Application) -> None:
    row = customers.connect(app)
    customers.check(row)
    assert "Change the scope" not in text(annas.get(reverse("admin:integrations_connection_change", args=[row.pk])))


# --- What works -----------------------------------------------------------------------------------------------


def parts(response: Any) -> dict[str, int]:
    return {part["words"]: len(part["endpoints"]) for part in response.context["parts"]}


def test_of_the_articles_list_it_says_how_much_is_read_and_how_much_stays_read_only(
    annas: Client, app: Application
) -> None:
    scopes.adopt(app, "article", by=SOMEBODY)
    found = parts(annas.get(url(app, page="app-scopes-works")))
    assert (found["can be read"], found["need no scope"], found["stay read-only"]) == (146, 2, 17)


def test_selected_submitted_and_approved_are_looked_at_each_for_itself(annas: Client, app: Application) -> None:
    given.selected(app, {"crm.accounts": "read"})
    works = {which: text(annas.get(url(app, f"?which={which}", "app-scopes-works"))) for which in
             ("selected", "submitted", "approved")}  # fmt: skip
    assert "with the 1 scope that is selected" in works["selected"]
    assert "No form was sent yet" in works["submitted"]
    assert "No approval of Exact is recorded here." in works["approved"]


def test_an_endpoint_is_found_with_the_cell_that_it_needs(annas: Client, app: Application) -> None:
    response = annas.get(url(app, "?endpoint=WebhookSubscriptions", "app-scopes-works"))
    (need,) = response.context["needs"]
    assert (need["reached"], need["cells"][0]["name"]) == (False, ADMINISTRATION)
    assert need["cells"][0]["url"].endswith("#scope-organization-administration")
    assert "No endpoint with this in its name" in text(annas.get(url(app, "?endpoint=%00nope", "app-scopes-works")))


def test_scopes_that_no_call_needed_are_told(annas: Client, app: Application) -> None:
    given.selected(app, {"crm.accounts": "read", "sales.orders": "manage", "crm.marketing": "read"})
    given.called(app, "crm/Accounts", "new/Thing")
    response = annas.get(url(app, page="app-scopes-works"))
    assert [(one["scope"], one["level"]) for one in response.context["unused"]] == [("sales.orders", "Manage")]
    assert "new/Thing" in text(response)
    assert "Of crm.marketing calls cannot tell" in text(response)


@pytest.mark.parametrize("query", ["?which=x", "?which=__class__", "?x=1"])
def test_nothing_else_is_asked_of_what_works(annas: Client, app: Application, query: str) -> None:
    assert annas.get(url(app, query, "app-scopes-works")).status_code == 400


# --- Lists and history ----------------------------------------------------------------------------------------


def test_beside_a_list_what_is_missing_and_what_is_more_is_told(annas: Client, app: Application) -> None:
    given.selected(app, {"crm.accounts": "read", "hrm.payroll": "read"})
    comparison = annas.get(url(app, "?edition=article", "app-scopes-lists")).context["comparison"]
    assert len(comparison.missing) == 12
    assert [one.scope for one in comparison.beyond] == ["hrm.payroll"]


def test_a_list_is_adopted_and_taken_back(annas: Client, app: Application) -> None:
    given.selected(app, {"hrm.payroll": "read"})
    app.refresh_from_db()
    annas.post(url(app, page="adopt-scopes"), {"edition": "article", "version": app.version})
    assert scopes.selected(app) == ARTICLE.scopes
    page = annas.get(url(app, "?edition=article", "app-scopes-lists"))
    assert "What is selected is this list, no more and no less." in text(page)
    newest = page.context["choices"][0]
    app.refresh_from_db()
    annas.post(url(app, page="undo-scopes"), {"event": newest["event"], "version": app.version})
    assert chosen(app) == {"hrm.payroll": "read"}


@pytest.mark.parametrize(
    ("page", "sent", "told"),
    [
        ("adopt-scopes", {"edition": "2019", "version": "1"}, "There is no recommended list of that name."),
        ("adopt-scopes", {"edition": "article"}, "This form is incomplete."),
        ("adopt-scopes", {"edition": "article", "version": "99"}, "changed the app after you opened this page"),
        ("undo-scopes", {"event": "x", "version": "1"}, "none of the latest of this app"),
        ("undo-scopes", {"version": "1"}, "This form is incomplete."),
    ],
)
def test_a_wrong_form_changes_nothing_and_says_why(
    annas: Client, app: Application, page: str, sent: dict[str, str], told: str
) -> None:
    assert told in text(annas.post(url(app, page=page), sent, follow=True))
    assert chosen(app) == {}


def test_adopting_and_taking_back_need_the_right(staff: Staff, app: Application) -> None:
    for page in ("adopt-scopes", "undo-scopes"):
        assert staff(*LOOK).post(url(app, page=page), {"edition": "article", "version": "1"}).status_code == 403
    given.selected(app, {"crm.accounts": "read"})
    page = text(staff(*LOOK).get(url(app, page="app-scopes-lists")))
    assert "Adopt this list" not in page
    assert ">Undo<" not in page


# --- Cost -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["app-scopes", "app-scopes-works", "app-scopes-lists"])
def test_the_number_of_queries_does_not_grow(annas: Client, make_app: MakeApp, page: str) -> None:
    app = make_app(enable=True)
    approved(app, {"crm.accounts": "read"})

    def add(number: int) -> None:
        row = customers.connect(app, f"User {number}")
        customers.reach(row, None, 10 * number + 1, 10 * number + 2)
        given.refused(row)

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert annas.get(url(app, page=page)).status_code == 200
        return len(queries)

    add(0)
    scopes.adopt(app, "article", by=SOMEBODY)
    count()
    few = count()
    for number in range(1, 201):
        add(number)
    for level in ("read", "manage") * 5:
        given.selected(app, {"crm.accounts": level})
        given.called(app, f"crm/Accounts{AuditEvent.objects.count()}")
    assert count() == few
    assert few <= 20
