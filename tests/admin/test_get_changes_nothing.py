"""GET never changes anything: every URL is fetched by an administrator, and the whole database compared."""

import hashlib
from typing import Any, Final

import pytest
from django.db import connection

from integrations.models import User
from tests.furnished import ADMINISTRATOR, House, furnish, routes

pytestmark = pytest.mark.django_db
OWN_ROWS: Final = {"django_session": "session_key"}
OWN_COLUMNS: Final = {"integrations_user": {"last_login"}, "integrations_calendarfeed": {"read_at"}}


def database(session: str) -> dict[str, list[str]]:
    """Return every row of every table as a hash, the session's own row and what is noted of a read excepted."""
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608 (no value is in it)
            names = [column[0] for column in cursor.description]
            kept = [place for place, name in enumerate(names) if name not in OWN_COLUMNS.get(table, ())]
            key = OWN_ROWS.get(table)
            rows = [row for row in cursor.fetchall() if key is None or row[names.index(key)] != session]
            found[table] = sorted(hashlib.sha256(repr([row[i] for i in kept]).encode()).hexdigest() for row in rows)
    return found


@pytest.fixture
def house(db: None) -> House:
    return furnish()


def test_no_address_changes_a_row_when_it_is_only_read(house: House) -> None:
    client = house.client(ADMINISTRATOR)
    client.get("/admin/")  # what is made once and then kept, such as content types in memory, is made now
    before = database(house.sessions[ADMINISTRATOR])
    assert len(before) > 15
    for address in (address for route in routes() for address in house.addresses(route)):
        for method in ("GET", "HEAD"):
            response: Any = client.generic(method, address)
            assert response.status_code < 500, address
            after = database(house.sessions[ADMINISTRATOR])
            changed = [table for table in before if before[table] != after.get(table)]
            assert (changed, after.keys()) == ([], before.keys()), (method, address)


def test_the_comparison_sees_a_change_of_one_column(house: House) -> None:
    """Hold the test itself: a write anywhere is seen, the sign-in alone is not."""
    before = database("none")
    User.objects.filter(pk=house.colleague.pk).update(last_login="2026-01-01T00:00:00Z")
    assert database("none") == before
    User.objects.filter(pk=house.colleague.pk).update(first_name="X")
    assert {table for table, rows in database("none").items() if rows != before[table]} == {"integrations_user"}
