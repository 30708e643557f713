"""The portal's clock is off against Exact's: whoever calls without end, Exact never counts a 61st call in its minute.

PostgreSQL counts by its own clock, which no test can set: tests/faults/test_clocks.py calls it for real minutes.
"""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
import time_machine
from django.db import connection

from integrations.models import Access, Company
from integrations.sandbox import seed
from integrations.services import calls
from integrations.services.usage import LimitReached
from tests.services.practice import Practice

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL counts by its own clock"),
]
DIVISION: Final = seed.division("nl", 101)
LIST: Final = f"/api/v1/{DIVISION}/hrm/Divisions"
SECONDS: Final = 145
"""Of Exact's clock: more than two of its minutes, and three times the whole of the limit."""
STEP: Final = 0.5


@pytest.fixture
def company(world: Practice) -> Company:
    row = Company.objects.create(application=world.application, division=DIVISION, name="Lighthouse Accountants")
    row.primary_access = Access.objects.create(company=row, connection=world.connection)
    row.save(update_fields=["primary_access"])
    return row


def call_while_there_is_room(company: Company) -> None:
    try:
        while True:
            calls.send(company, "GET", LIST)
    except LimitReached:
        return


@pytest.mark.parametrize("put_right", [False, True], ids=["stays off", "is put right"])
@pytest.mark.parametrize("phase", [0, 54.5, 59.5], ids="second {}".format)
@pytest.mark.parametrize("off", [-5, 5], ids="{:+d} s".format)
def test_no_minute_of_exact_sees_a_61st_call(
    world: Practice, company: Company, off: int, phase: float, put_right: bool
) -> None:
    """``phase``: the second of the portal's minute in which the demand begins."""
    begin = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1, seconds=phase)
    with time_machine.travel(begin, tick=False) as portal:
        world.exact.clock.ahead = -off  # it follows this process's clock, which is the one that is off
        for step in range(int(SECONDS / STEP)):
            if put_right and step * STEP == 30:
                portal.shift(-off)
                world.exact.clock.move(off)
            call_while_there_is_room(company)
            portal.shift(STEP)

    received = world.exact.ledger("hrm_divisions")
    assert [entry["status"] for entry in received] == [200] * 180
    minutes = Counter(entry["received_at_ms"] // 60_000 for entry in received)
    assert max(minutes.values()) == max(entry["minute"] for entry in received) == 60
    assert len(minutes) >= 3
