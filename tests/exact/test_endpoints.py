"""The table of endpoints: its totals, and that it and the form of scopes belong together."""

from collections import Counter

import pytest

from integrations.exact import reads
from integrations.exact.endpoints import ENDPOINTS, GET, WRITE_METHODS, Endpoint, path_of
from integrations.exact.scopes import GROUPS, SCOPES

PER_SCOPE = {
    "Crm": [15, 0, 3, 12],
    "Sales": [22, 9, 7, 10],
    "Purchase": [5, 2, 0, 0],
    "Logistics": [18, 17, 0, 12, 0],
    "Manufacturing": [0, 18, 9],
    "Projects": [34, 0, 38],
    "Hrm": [8, 16],
    "Financial": [2, 2, 12, 28, 8, 11, 9, 2, 4, 2],
    "Organization": [13, 14, 6, 0, 0, 1, 0, 0],
    "Accountancy": [6, 9],
    "Communication": [6],
}
"""How many endpoints name each scope, in the order of the form."""
NOT_ON_THE_FORM = {"hosting.hosting": 1}


def test_there_are_381_endpoints_each_once_and_in_order() -> None:
    addresses = [endpoint.uri for endpoint in ENDPOINTS]
    assert len(addresses) == 381
    assert addresses == sorted(set(addresses), key=str.lower)


def test_each_scope_has_as_many_endpoints_as_the_reference_names() -> None:
    counted = Counter(scope for endpoint in ENDPOINTS for scope in endpoint.scopes)
    on_the_form = {group.name: [counted.pop(resource.scope, 0) for resource in group.resources] for group in GROUPS}
    assert on_the_form == PER_SCOPE
    assert counted == NOT_ON_THE_FORM


def test_every_scope_is_on_the_form_but_the_one_that_is_known_not_to_be() -> None:
    assert {scope for endpoint in ENDPOINTS for scope in endpoint.scopes} - set(SCOPES) == set(NOT_ON_THE_FORM)


def test_methods_are_told_in_one_order_and_for_all_but_five() -> None:
    order = (GET, *WRITE_METHODS)
    assert all(list(e.methods) == [method for method in order if method in e.methods] for e in ENDPOINTS)
    assert sum(not endpoint.methods for endpoint in ENDPOINTS) == 5


def test_an_address_is_of_the_api_and_names_its_company_once_at_most() -> None:
    assert all(e.uri.startswith("/api/v1/") and e.uri.count("{division}") <= 1 for e in ENDPOINTS)
    without = {endpoint.uri for endpoint in ENDPOINTS if "{division}" not in endpoint.uri}
    assert without == {"/api/v1/current/Me", "/api/v1/system/Users"}


def test_no_two_endpoints_are_counted_as_one() -> None:
    assert len({endpoint.path.lower() for endpoint in ENDPOINTS}) == len(ENDPOINTS)


def test_what_the_portal_itself_asks_is_in_the_table() -> None:
    scopes = {endpoint.uri: endpoint.scopes for endpoint in ENDPOINTS}
    assert scopes[reads.ME_PATH] == scopes[reads.HRM_DIVISIONS_PATH] == ()
    assert scopes[reads.SYSTEM_DIVISIONS_PATH] == ("organization.administration",)


def test_only_the_portals_own_two_need_no_scope() -> None:
    assert {e.uri for e in ENDPOINTS if not e.scopes} == {reads.ME_PATH, reads.HRM_DIVISIONS_PATH}


@pytest.mark.parametrize(
    ("methods", "reads", "writes"),
    [(("GET",), True, False), (("GET", "PUT"), True, True), (("POST",), False, True), ((), False, False)],
)
def test_get_reads_and_the_others_write(methods: tuple[str, ...], reads: bool, writes: bool) -> None:
    endpoint = Endpoint("/api/v1/{division}/a/B", methods, ())
    assert (endpoint.reads, endpoint.writes) == (reads, writes)


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("/api/v1/{division}/crm/Accounts", "crm/Accounts"),
        ("/api/v1/current/Me", "Me"),
        ("/api/v1/system/Users", "system/Users"),
        ("/api/v1/beta/{division}/budget/BudgetScenarios", "beta/budget/BudgetScenarios"),
        (" https://start.exactonline.nl/api/v1/123456/crm/Accounts(guid'1')?$select=ID&$top=1 ", "crm/Accounts"),
        ("crm/Accounts?$filter=a eq 'api/v1/'", "crm/Accounts"),
        ("Accounts", "Accounts"),
        ("", ""),
    ],
)
def test_of_an_address_stays_what_follows_the_company(address: str, path: str) -> None:
    assert path_of(address) == path
