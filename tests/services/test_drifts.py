"""How apps differ from what Exact approved: on their pages and in the doctor."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations.models import Application, ScopeSelection
from integrations.services import drifts, health, scope_approvals
from tests.conftest import SOMEBODY
from tests.reviews import drafted, taken

pytestmark = pytest.mark.django_db
MakeApp = Callable[..., Application]


@pytest.fixture
def approved(make_app: MakeApp) -> Application:
    app = make_app()
    taken(drafted(app, scopes={"crm.accounts": "read"}), "submit", "approve")
    return Application.objects.get()


def test_an_app_as_it_was_approved_does_not_drift_nor_does_one_without_approval(
    approved: Application, make_app: MakeApp
) -> None:
    other = make_app(region="uk")
    assert drifts.of([approved, other]) == {approved.pk: (), other.pk: ()}
    assert drifts.check().ok
    assert not drifts.check().warns


def test_what_was_changed_since_is_told_and_the_doctor_warns(approved: Application) -> None:
    ScopeSelection.objects.update(level="manage")
    Application.objects.update(name="New name")
    (told,) = drifts.of(Application.objects.all()).values()
    assert "App name is “New name” now" in told[0]
    assert "crm.accounts at Manage" in told[1]
    finding = drifts.check()
    assert finding.warns
    assert "New name" in finding.detail
    assert finding in list(health.doctor(only_looking=True))


def test_a_draft_or_a_rejected_round_is_no_drift(approved: Application) -> None:
    taken(drafted(approved, scopes={"crm.accounts": "read"}), "submit", "reject")
    assert drifts.of([approved])[approved.pk] == ()


def test_the_newest_approval_holds(approved: Application) -> None:
    taken(drafted(approved, scopes={"crm.accounts": "manage"}), "submit", "approve")
    assert drifts.of([approved])[approved.pk] == ()


def test_scopes_that_were_approved_before_the_portal_are_compared(make_app: MakeApp) -> None:
    app = make_app()
    scope_approvals.add(app, {"crm.accounts": "read"}, by=SOMEBODY, on=None)
    assert drifts.of([app])[app.pk] == ()
    ScopeSelection.objects.create(application=app, scope="crm.quotes", level="read")
    assert len(drifts.of([app])[app.pk]) == 2


def test_an_archived_app_raises_no_alarm(approved: Application) -> None:
    Application.objects.update(name="New", archived_at=approved.created_at, archived_by="portal")
    assert not drifts.check().warns


def test_it_takes_three_queries_however_many_apps(make_app: MakeApp) -> None:
    for number in range(3):
        app = make_app(client_id=str(uuid4()), name=f"App {number}")
        taken(drafted(app), "submit", "approve")
        apps = list(Application.objects.all())
        with CaptureQueriesContext(connection) as queries:
            drifts.of(apps)
        assert len(queries) == 3
