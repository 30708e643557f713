"""Every finding about an app, by a case that has it and a case that lacks it."""

from dataclasses import replace
from datetime import date
from itertools import product

import pytest

from integrations.exact.key_test import Verdict
from integrations.rules import key_tests, lint, redirects
from integrations.rules.lint import AppFacts, Severity
from integrations.rules.workflow import PermissionState

OURS = "https://portal.example.com/oauth/callback/1/"
WELL = AppFacts(
    region_title="Exact (Netherlands)",
    is_testing=False,
    is_practice=False,
    name="Acme link",
    organization="Acme B.V.",
    names_of_others=("Acme testing",),
    host_of="",
    client_id="11111111-2222-3333-4444-555555555555",
    has_secret=True,
    secret_opens=True,
    secret_is_client_id=False,
    secret_is_of="",
    redirect_uri=OURS,
    our_redirect_uri=OURS,
    registered_redirect_uri=OURS,
    caretakers=2,
    outside_customers=3,
    connected_unpermitted=0,
    permission=PermissionState.GRANTED,
    has_approval=True,
    keys_tested=Verdict.ACCEPTED,
)
HTTP = "http://portal.example.com/oauth/callback/1/"
LOCAL = "https://127.0.0.1/oauth/callback/1/"
CASES = [
    ({"host_of": "Exact (United Kingdom)"}, "region.other_host", Severity.ERROR),
    ({"organization": ""}, "organization.unnamed", Severity.NOTE),
    ({"secret_is_client_id": True}, "client_secret.is_client_id", Severity.ERROR),
    ({"name": "Shop link"}, "name.not_ours", Severity.WARNING),
    ({"names_of_others": ("ACME LINK",)}, "name.twice", Severity.WARNING),
    ({"client_id": None}, "client_id.missing", Severity.ERROR),
    ({"has_secret": False}, "client_secret.missing", Severity.ERROR),
    ({"secret_opens": False}, "client_secret.closed", Severity.ERROR),
    ({"secret_is_of": "Acme UK"}, "client_secret.shared", Severity.WARNING),
    ({"our_redirect_uri": OURS.replace("portal", "new")}, "redirect.moved", Severity.WARNING),
    (
        {"redirect_uri": HTTP, "our_redirect_uri": HTTP, "registered_redirect_uri": HTTP},
        "redirect.not_https",
        Severity.ERROR,
    ),
    (
        {"redirect_uri": LOCAL, "our_redirect_uri": LOCAL, "registered_redirect_uri": LOCAL},
        "redirect.not_public",
        Severity.ERROR,
    ),
    ({"registered_redirect_uri": ""}, "redirect.not_recorded", Severity.NOTE),
    ({"registered_redirect_uri": OURS[:-1]}, "redirect.differs", Severity.ERROR),
    ({"keys_refused": True}, "keys.refused", Severity.ERROR),
    ({"keys_tested": Verdict.UNKNOWN_CLIENT}, "client_id.unknown", Severity.ERROR),
    ({"keys_tested": Verdict.REDIRECT_REFUSED}, "redirect.refused", Severity.WARNING),
    ({"keys_tested": Verdict.SECRET_REFUSED}, "client_secret.refused", Severity.ERROR),
    ({"keys_tested": Verdict.UNCLEAR}, "keys.unclear", Severity.NOTE),
    ({"keys_tested": None}, "keys.untested", Severity.NOTE),
    ({"is_testing": True}, "kind.testing_with_customers", Severity.WARNING),
    ({"permission": PermissionState.REFUSED}, "permission.not_granted", Severity.NOTE),
    (
        {"permission": PermissionState.TAKEN_BACK, "connected_unpermitted": 2},
        "permission.not_recorded",
        Severity.WARNING,
    ),
    ({"caretakers": 1}, "caretakers.one", Severity.WARNING),
]


def found(**changes) -> dict[str, Severity]:
    return {finding.code: finding.severity for finding in lint.lint(replace(WELL, **changes))}


@pytest.mark.parametrize("for_customer", [True, False])
def test_what_keeps_an_app_from_being_enabled_would_also_be_refused_while_linking(for_customer: bool) -> None:
    for changes, code, severity in CASES:
        told = {finding.code for finding in lint.linking(replace(WELL, **changes), for_customer=for_customer)}
        assert (code in told) == (severity is Severity.ERROR), code


def test_a_testing_app_is_refused_to_customers_only() -> None:
    testing = replace(WELL, is_testing=True, permission=PermissionState.NONE)
    assert lint.linking(testing, for_customer=False) == ()
    (finding,) = lint.linking(testing, for_customer=True)
    assert (finding.code, finding.severity) == ("kind.testing_for_customer", Severity.ERROR)


def test_without_permission_customers_are_refused_unless_staff_let_one_try() -> None:
    waiting = replace(WELL, permission=PermissionState.REQUESTED, permission_since=date(2026, 5, 3))
    assert lint.linking(waiting, for_customer=False) == ()
    (finding,) = lint.linking(waiting, for_customer=True)
    assert (finding.code, finding.severity) == (lint.NEEDED, Severity.ERROR)
    assert "requested on 3 May 2026" in finding.text
    assert lint.linking(waiting, for_customer=True, tried_because="Exact phoned.") == ()


def test_an_app_that_is_well_has_no_finding():
    assert found() == {}
    assert lint.errors(WELL) == ()


@pytest.mark.parametrize(("changes", "code", "severity"), CASES, ids=[case[1] for case in CASES])
def test_each_fault_is_found_alone(changes, code, severity):
    assert found(**changes) == {code: severity}


def test_every_code_has_its_case():
    everything = {code for changes, _, _ in CASES for code in found(**changes)}
    assert everything == {code for _, code, _ in CASES}
    assert len(CASES) == len(everything)


def test_what_real_apps_must_not_have_is_a_note_in_practice():
    url = "http://127.0.0.1:8000/oauth/callback/1/"
    assert found(is_practice=True, redirect_uri=url, our_redirect_uri=url, registered_redirect_uri=url) == {
        "redirect.not_https": Severity.NOTE,
        "redirect.not_public": Severity.NOTE,
    }


@pytest.mark.parametrize(("client", "secret"), list(product(Verdict, Verdict)))
def test_what_is_an_error_is_never_hidden_behind_an_answer_that_is_none(client, secret):
    said = [found(keys_tested=verdict) for verdict in (client, secret)]
    is_error = any(Severity.ERROR in severities.values() for severities in said)
    shown = found(keys_tested=key_tests.outcome(client, secret))
    assert (Severity.ERROR in shown.values()) is is_error


def test_a_refused_secret_beside_which_a_proven_one_is_in_use_is_no_error():
    beside = {"keys_tested": Verdict.SECRET_REFUSED, "proven_beside_newest": True}
    assert found(**beside) == {"client_secret.refused": Severity.WARNING}
    (finding,) = lint.lint(replace(WELL, **beside))
    assert "stays in use" in finding.text
    assert found(proven_beside_newest=True) == {}


def test_errors_come_first_and_keep_the_app_from_being_enabled():
    app = replace(WELL, name="Shop", client_id=None, has_secret=False, keys_tested=None)
    severities = [finding.severity for finding in lint.lint(app)]
    assert severities == [Severity.ERROR, Severity.ERROR, Severity.WARNING]
    assert [text.split(" is ")[0] for text in lint.errors(app)] == ["The Client ID", "The Client secret"]


@pytest.mark.parametrize(
    ("organization", "name", "ours"),
    [
        ("Acme B.V.", "acme", True),
        ("The Acme Group", "The Shop Group", False),
        ("Jansen & Zonen", "Zonen boekhouding", True),
        ("", "Anything", True),
        ("Bakkerij De Molen", "De Fiets", False),
    ],
)
def test_a_name_that_shares_a_word_with_the_organization_names_it(organization, name, ours):
    assert ("name.not_ours" not in found(organization=organization, name=name)) is ours


def test_an_organization_of_common_words_only_says_nothing_about_a_name() -> None:
    assert "name.not_ours" not in found(organization="The Group B.V.", name="Shop link")


def test_in_practice_another_redirect_url_is_a_note() -> None:
    facts = replace(WELL, is_practice=True, registered_redirect_uri=OURS[:-1])
    (severity,) = [one.severity for one in lint.lint(facts) if one.code == "redirect.differs"]
    assert severity is Severity.NOTE


@pytest.mark.parametrize(
    ("url", "public"),
    [
        ("https://portal.example.com/x", True),
        ("https://8.8.8.8/x", False),
        ("https://10.0.0.4/x", False),
        ("https://[::1]/x", False),
        ("https://localhost/x", False),
        ("https://intranet/x", False),
        ("https://portal.local/x", False),
        ("https://portal.lan/x", False),
    ],
)
def test_hosts_that_have_no_public_name(url, public):
    assert redirects.is_public(url) is public
