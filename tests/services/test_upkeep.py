"""The doctor says when the clearing was last finished, and complains when it is not done."""

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.models import RetentionRun
from integrations.services import upkeep

pytestmark = pytest.mark.django_db


def finished(days: float, state: str = "done") -> None:
    at = timezone.now() - timedelta(days=days)
    RetentionRun.objects.create(by="portal", state=state, started_at=at, alive_at=at, ended_at=at)


def test_a_new_house_has_nothing_to_clear() -> None:
    assert upkeep.check_retention().ok


def test_a_run_of_yesterday_is_well_and_one_of_last_week_is_not() -> None:
    finished(7)
    assert "manage.py retention" in upkeep.check_retention().mend
    finished(1, state="stopped")
    assert not upkeep.check_retention().ok
    finished(1)
    assert upkeep.check_retention().ok
