"""The portal counts by PostgreSQL's clock, which is 5 s off against Exact's, for minutes of real time.

SQLite counts by the clock of the process, which a test can set: tests/services/test_calls_clock.py goes through
more cases in seconds.
"""

from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pytest
from django.test import Client

from integrations.models import Company, UsageWindow
from tests.practice import practising
from tests.services.demanding import crowd

SECONDS: Final = 135
"""More than two minutes, and two windows of 66 s: room for the whole limit three times."""
OFF: Final = {"nl": 5, "uk": -5}
"""By how many seconds each region's Exact is ahead of the database."""


@pytest.mark.usefixtures("on_servers", "transactional_db")
def test_minutes_of_calls_without_end_never_make_a_61st(tmp_path: Path, settings: Any, annas: Client) -> None:
    """Each Exact is called by one process whose clock is the database's, and one whose clock is off as well."""
    with ExitStack() as stack:
        exacts, crowds = {}, {}
        for region, ahead in OFF.items():
            practice = stack.enter_context(practising(tmp_path, settings, region=region))
            practice.sandbox.clock.move(ahead)
            practice.connect(annas)
            exacts[region] = practice
        for region, ahead in OFF.items():
            called = UsageWindow.objects.values("division")
            company = Company.objects.filter(application=exacts[region].application).exclude(division__in=called)[0]
            crowds[region] = stack.enter_context(crowd(company, threads=2, seconds=SECONDS, clocks=[0, -ahead]))
        for people in crowds.values():
            people.start()
        got = {region: sum(people.got(), Counter()) for region, people in crowds.items()}

        for region, practice in exacts.items():
            received = practice.sandbox.ledger("hrm_divisions")
            assert got[region].keys() <= {"answered 200", "minute", "too slow"}
            assert got[region]["answered 200"] == len(received) > 120
            assert {entry["status"] for entry in received} == {200}
            minutes = Counter(entry["received_at_ms"] // 60_000 for entry in received)
            assert max(minutes.values()) <= 60
            assert max(entry["minute"] for entry in received) <= 60
            assert received[-1]["received_at_ms"] - received[0]["received_at_ms"] > 120_000
