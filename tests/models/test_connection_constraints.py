"""Customers, connections, companies, links: what must hold, holds in the database."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils import timezone

from integrations.models import (
    Access,
    Application,
    AuthorizationState,
    CalendarFeed,
    Company,
    Connection,
    ConnectionCheck,
    Customer,
    Heartbeat,
    LinkPage,
    StatusChange,
    User,
)
from tests.models.test_constraints import make_application

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def application() -> Application:
    return Application.objects.first() or make_application()


def make_connection(**fields: Any) -> Connection:
    values = {"refresh_token": "v1.k1.x", "status": "connected", "exact_user_id": "u1", **fields}
    return Connection.objects.create(application=application(), **values)


def make_company(**fields: Any) -> Company:
    return Company.objects.create(**{"application": application(), "division": 1, "name": "Jansen BV", **fields})


def make_access(**fields: Any) -> Access:
    return Access.objects.create(company=make_company(), connection=make_connection(), **fields)


def make_check(**fields: Any) -> ConnectionCheck:
    values = {"connection": make_connection(), "milliseconds": 1, "ok": True, **fields}
    return ConnectionCheck.objects.create(**values)


def make_link(**fields: Any) -> LinkPage:
    values = {"token_hash": "h", "created_by": "portal", "expires_at": NOW + timedelta(days=1), **fields}
    return LinkPage.objects.create(application=application(), **values)


def make_change(**fields: Any) -> StatusChange:
    values = {"connection": make_connection(), "after": "connected", "cause": "Told so.", "by": "portal", **fields}
    return StatusChange.objects.create(**values)


def make_feed(**fields: Any) -> CalendarFeed:
    user = User.objects.filter(username="anna").first() or User.objects.create_user("anna")
    return CalendarFeed.objects.create(**{"user": user, "token_hash": "h", "created_at": NOW, **fields})


def make_state(**fields: Any) -> AuthorizationState:
    values = {"state_hash": "h", "browser_hash": "b", "expires_at": NOW + timedelta(days=1), **fields}
    return AuthorizationState.objects.create(link=make_link(), **values)


ERASED = {"name": "Erased customer", "erased_at": NOW, "disconnected_at": NOW, "created_by": "portal"}
GONE = {"status": "disconnected", "refresh_token": ""}
CASES: list[tuple[str, Callable[..., Any], dict[str, Any]]] = [
    ("customer_has_a_name", Customer.objects.create, {"name": "", "created_by": "portal"}),
    ("customer_created_by_is_known", Customer.objects.create, {"name": "Jansen", "created_by": "anna"}),
    ("customer_language_is_known", Customer.objects.create, {"name": "J", "language": "fr", "created_by": "portal"}),
    ("customer_erased_holds_nothing", Customer.objects.create, ERASED | {"name": "Jansen"}),
    ("customer_erased_holds_nothing", Customer.objects.create, ERASED | {"reference": "D1"}),
    ("customer_erased_holds_nothing", Customer.objects.create, ERASED | {"contact_name": "Jan"}),
    ("customer_erased_holds_nothing", Customer.objects.create, ERASED | {"contact_email": "jan@jansen.example"}),
    ("customer_erased_holds_nothing", Customer.objects.create, ERASED | {"contact_phone": "1"}),
    ("customer_erased_holds_nothing", Customer.objects.create, ERASED | {"note": "x"}),
    ("customer_erased_holds_nothing", Customer.objects.create, ERASED | {"disconnected_at": None}),
    ("connection_status_is_known", make_connection, {"status": "lost"}),
    ("connection_has_a_user", make_connection, {"exact_user_id": None}),
    ("connection_lease_owner_and_until", make_connection, {"lease_until": NOW}),
    ("connection_tokens_are_sealed", make_connection, {"refresh_token": "plain"}),
    ("connection_tokens_are_sealed", make_connection, {"access_token": "plain"}),
    ("connection_alive_has_a_token", make_connection, {"refresh_token": ""}),
    ("connection_dead_is_not_due", make_connection, {"status": "reconnect", "next_check_at": NOW}),
    ("connection_dead_is_not_due", make_connection, GONE | {"next_check_at": NOW}),
    ("connection_disconnected_holds_no_token", make_connection, GONE | {"refresh_token": "v1.k1.x"}),
    ("connection_disconnected_holds_no_token", make_connection, GONE | {"access_token": "v1.k1.x"}),
    ("connection_disconnected_holds_no_token", make_connection, GONE | {"lease_owner": uuid4(), "lease_until": NOW}),
    ("connection_token_lifetime", make_connection, {"token_lifetime": 0}),
    ("connection_token_lifetime", make_connection, {"token_lifetime": 3601}),
    ("company_division_is_a_number", make_company, {"division": 0}),
    ("access_withdrawn_after_granted", make_access, {"granted_at": NOW, "withdrawn_at": NOW - timedelta(seconds=1)}),
    ("access_withdrawn_at_and_by", make_access, {"withdrawn_by": "portal"}),
    ("access_withdrawn_at_and_by", make_access, {"withdrawn_by": "anna", "withdrawn_at": NOW + timedelta(days=1)}),
    ("check_failed_has_a_cause", make_check, {"ok": False}),
    ("check_failed_has_a_cause", make_check, {"cause": "TimedOut"}),
    ("link_expires_after_it_was_made", make_link, {"expires_at": NOW - timedelta(days=1)}),
    ("link_created_by_is_known", make_link, {"created_by": ""}),
    ("link_tried_for_a_customer", make_link, {"tried_because": "They say that it is granted."}),
    ("link_revoked_at_and_by", make_link, {"revoked_at": NOW}),
    ("link_revoked_at_and_by", make_link, {"revoked_by": "portal"}),
    ("company_use_is_known", make_company, {"use": "maybe"}),
    ("status_change_changes", make_change, {"before": "connected", "after": "connected"}),
    ("status_change_is_known", make_change, {"after": "lost"}),
    ("status_change_is_known", make_change, {"before": "lost"}),
    ("status_change_has_a_cause", make_change, {"cause": ""}),
    ("status_change_by_is_known", make_change, {"by": "anna"}),
    ("calendar_feed_revoked_after_it_was_made", make_feed, {"revoked_at": NOW - timedelta(days=1)}),
    ("state_expires_after_it_was_made", make_state, {"expires_at": NOW - timedelta(days=1)}),
    ("heartbeat_process_is_known", Heartbeat.objects.create, {"process": "web", "at": NOW}),
]


@pytest.mark.parametrize(("name", "make", "fields"), CASES, ids=[f"{name}-{i}" for i, (name, _, _) in enumerate(CASES)])
def test_a_row_that_breaks_a_constraint_is_refused(name: str, make: Callable[..., Any], fields: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        make(**fields)


def test_every_check_constraint_has_a_case() -> None:
    connected = (Customer, Connection, StatusChange, Company, Access, ConnectionCheck)
    models = (*connected, LinkPage, AuthorizationState, CalendarFeed, Heartbeat)
    checks = {c.name for model in models for c in model._meta.constraints if type(c).__name__ == "CheckConstraint"}
    assert checks == {name for name, _, _ in CASES}


def test_a_token_is_brought_once_unless_that_came_to_nothing() -> None:
    make_link(brought="AAAA-AAAA", revoked_at=NOW, revoked_by="portal")
    make_link(token_hash="h2", brought="AAAA-AAAA")
    make_link(token_hash="h3")
    make_link(token_hash="h4", brought="BBBB-BBBB")
    with pytest.raises(IntegrityError, match="brought"), transaction.atomic():
        make_link(token_hash="h5", brought="AAAA-AAAA")


def test_one_user_has_one_connection_an_app() -> None:
    make_connection()
    make_connection(exact_user_id=None, status="pending")
    make_connection(exact_user_id=None, status="pending")
    make_connection(exact_user_id="u2")
    with pytest.raises(IntegrityError), transaction.atomic():
        make_connection()


def test_one_person_has_one_live_calendar_feed() -> None:
    make_feed(revoked_at=NOW)
    make_feed(token_hash="i")
    with pytest.raises(IntegrityError), transaction.atomic():
        make_feed(token_hash="j")


def test_a_company_is_there_once_an_app() -> None:
    make_company()
    with pytest.raises(IntegrityError), transaction.atomic():
        make_company()


def test_a_connection_reaches_a_company_once() -> None:
    access = make_access()
    with pytest.raises(IntegrityError), transaction.atomic():
        Access.objects.create(company=access.company, connection=access.connection)


def test_link_tokens_and_states_are_unique() -> None:
    make_state()
    with pytest.raises(IntegrityError), transaction.atomic():
        make_link()


def test_a_reference_is_there_once_whatever_its_case() -> None:
    for reference in ("", "", "D-1001"):
        Customer.objects.create(name="Jansen", reference=reference, created_by="portal")
    with pytest.raises(IntegrityError), transaction.atomic():
        Customer.objects.create(name="Jansen", reference="d-1001", created_by="portal")


def test_what_is_needed_is_protected() -> None:
    customer = Customer.objects.create(name="Jansen", created_by="portal")
    company = make_company(customer=customer)
    with pytest.raises(ProtectedError):
        customer.delete()
    company.delete()
    make_link(customer=customer)
    with pytest.raises(ProtectedError):
        customer.delete()


def test_a_connection_shows_no_token() -> None:
    connection = make_connection(access_token="v1.k1.SEALED", full_name="")
    assert "SEALED" not in f"{connection!r} {connection}"
