"""16 threads in 4 processes call one company at once: Exact receives as many calls as its limit says, none more."""

import pytest
from django.db.models import Sum

from integrations.models import Access, Company, UsageCount, UsageWindow
from integrations.sandbox import seed
from tests.services.demanding import crowd
from tests.services.practice import Practice

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]
PROCESSES, THREADS = 4, 4
DIVISION = seed.division("nl", 101)


@pytest.fixture
def company(world: Practice) -> Company:
    row = Company.objects.create(application=world.application, division=DIVISION, name="Lighthouse Accountants")
    row.primary_access = Access.objects.create(company=row, connection=world.connection)
    row.save(update_fields=["primary_access"])
    return row


def test_exact_receives_60_calls_of_16_threads_in_4_processes(world: Practice, company: Company) -> None:
    before = world.exact.ledger()[-1]["id"]
    for admitted in (60, 0):  # the second time there is no room at all
        with crowd(company, threads=THREADS, clocks=[0] * PROCESSES) as people:
            people.start()
            got = people.got()
        assert sum(each["answered 200"] for each in got) == admitted
        assert sum(each["minute"] for each in got) == PROCESSES * THREADS
        assert {word for each in got for word in each} <= {"answered 200", "minute", "too slow"}
        received = world.exact.ledger(after=before)
        assert [(entry["kind"], entry["division"], entry["status"]) for entry in received] == (
            [("hrm_divisions", DIVISION, 200)] * 60
        )
    assert (received[-1]["day"], UsageWindow.objects.get().day_used) == (60, 60)
    assert UsageCount.objects.aggregate(calls=Sum("calls"), errors=Sum("errors")) == {"calls": 60, "errors": 0}
