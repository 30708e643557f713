"""How long requests for permission took, and when pages remind of one."""

from datetime import date

import pytest

from integrations.rules.permission_clock import Clock, Request, clock, request
from integrations.rules.workflow import PermissionState

MAY = [date(2026, 5, day) for day in range(1, 32)]
REFUSED = request(1, PermissionState.REFUSED, [("none", "requested", MAY[0]), ("requested", "refused", MAY[6])])
WITH_EXACT = request(2, PermissionState.REQUESTED, [("refused", "requested", MAY[9])])


def of(*requests: Request, today: date = MAY[14], remind_after: int = 5) -> Clock:
    return clock(requests, today=today, remind_after=remind_after)


def test_a_request_takes_from_its_day_to_that_of_the_decision() -> None:
    assert (REFUSED.requested_on, REFUSED.decided_on, REFUSED.days) == (MAY[0], MAY[6], 6)
    assert WITH_EXACT.days is None


def test_what_became_of_a_granted_one_later_is_no_part_of_the_time() -> None:
    steps = [("none", "requested", MAY[0]), ("requested", "granted", MAY[2]), ("granted", "taken_back", MAY[20])]
    assert request(1, PermissionState.TAKEN_BACK, steps).days == 2


@pytest.mark.parametrize(("days", "remind"), [(4, False), (5, True), (20, True)])
def test_it_reminds_once_it_took_as_long_as_was_chosen(days: int, remind: bool) -> None:
    told = of(WITH_EXACT, REFUSED, today=MAY[9 + days])
    assert (told.waiting, told.remind, told.earlier) == (days, remind, (REFUSED,))


def test_nothing_waits_where_nothing_was_requested() -> None:
    assert of() == Clock(None, False, ())
    assert of(REFUSED) == Clock(None, False, (REFUSED,))


def test_of_a_request_from_nobody_knows_when_nobody_is_reminded() -> None:
    unknown = request(1, PermissionState.REQUESTED, [("none", "requested", None)])
    assert of(unknown) == Clock(None, False, ())
