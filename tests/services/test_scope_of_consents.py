"""Scopes over the wire: what a consent remembers of the approval, and how a check shows a 403 for want of a scope."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from integrations.models import ScopeApproval
from integrations.services import checks, scope_approvals, scope_refusals
from tests.conftest import SOMEBODY
from tests.permission import approved
from tests.practice import Practice, practising

pytestmark = pytest.mark.django_db


@pytest.fixture
def exact(tmp_path: Path, settings: Any) -> Iterator[Practice]:
    with practising(tmp_path, settings) as made:
        yield made


def test_a_consent_remembers_what_was_approved_and_a_renewed_one_what_is_approved_then(exact: Practice) -> None:
    approved(exact.application, {"organization.administration": "read"})
    first = ScopeApproval.objects.get()
    assert exact.connect(Client()).scope_approval == first
    second = scope_approvals.add(exact.application, {"crm.accounts": "read"}, by=SOMEBODY, on=None)
    renewed = exact.connect(Client())
    assert renewed.scope_approval == second
    assert exact.application.connections.count() == 1


def test_where_no_approval_is_recorded_a_consent_remembers_none(exact: Practice) -> None:
    assert exact.connect(Client()).scope_approval is None


def test_a_check_that_goes_well_without_the_scope_tells_the_cell_that_is_missing(exact: Practice) -> None:
    connection = exact.connect(Client())
    exact.exact.control(f"apps/{exact.application.client_id}", scopes={})
    check = checks.run(connection)
    assert check.ok
    (found,) = scope_refusals.affected(exact.application)
    assert str(found.cell) == "organization.administration at Read"
    (hit,) = found.hits
    assert (hit.connection, hit.refusal.division) == (connection, connection.division)
    assert {company.division for company in found.companies} >= {connection.division}
