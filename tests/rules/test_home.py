"""The first line of the Integrations page."""

import pytest

from integrations.rules.customers import State
from integrations.rules.home import NO_APP, Apps, sentence

WELL = Apps(all=2, enabled=2)
WAITING = Apps(all=2, enabled=1, yours=1)
NOBODY: dict[State, int] = {}


@pytest.mark.parametrize(
    ("apps", "customers", "said"),
    [
        (Apps(), NOBODY, NO_APP),
        (Apps(), {State.NOT_CONNECTED: 3}, NO_APP),
        (WELL, NOBODY, "2 of 2 apps enabled. No customer yet."),
        (Apps(all=1), NOBODY, "0 of 1 app enabled. No customer yet."),
        (WAITING, NOBODY, "1 of 2 apps enabled; 1 needs you. No customer yet."),
        (WELL, {State.CONNECTED: 1}, "Your one customer is connected; nothing needs you."),
        (WELL, {State.CONNECTED: 40}, "All 40 customers connected; nothing needs you."),
        (WAITING, {State.CONNECTED: 40}, "All 40 customers connected. 1 app needs you."),
        (WELL, {State.CONNECTED: 38, State.RECONNECT: 1, State.TROUBLE: 1},
         "38 of 40 customers connected; 2 need you."),
        (WELL, {State.CONNECTED: 39, State.RECONNECT: 1}, "39 of 40 customers connected; 1 needs you."),
        (WELL, {State.NOT_CONNECTED: 1}, "0 of 1 customer connected; 1 is not connected yet."),
        (WELL, {State.CONNECTED: 5, State.VERIFYING: 1, State.NOT_CONNECTED: 2},
         "5 of 8 customers connected; 1 is being verified, 2 are not connected yet."),
        (Apps(all=3, enabled=1, yours=2), {State.CONNECTED: 1, State.RECONNECT: 1},
         "1 of 2 customers connected; 1 needs you. 2 apps need you."),
        (WELL, {State.CONNECTED: 2, State.DISCONNECTED: 9}, "All 2 customers connected; nothing needs you."),
        (WELL, {State.DISCONNECTED: 9}, "No customer is connected any more; nothing needs you."),
    ],
)  # fmt: skip
def test_it_says_how_many_are_connected_and_who_needs_somebody(
    apps: Apps, customers: dict[State, int], said: str
) -> None:
    assert sentence(apps, customers, connects=True) == said


def test_who_may_not_see_customers_reads_of_apps_alone() -> None:
    assert sentence(WAITING, None, connects=False) == "1 of 2 apps enabled; 1 needs you."


def test_what_is_not_yours_needs_somebody_else() -> None:
    apps = Apps(all=2, enabled=1, others=1)
    assert sentence(apps, None, connects=False) == "1 of 2 apps enabled; 1 needs somebody else."
    said = sentence(apps, {State.CONNECTED: 1, State.TROUBLE: 1}, connects=False)
    assert said == "1 of 2 customers connected; 1 needs a look. 1 app needs somebody else."


def test_yours_come_before_those_of_others() -> None:
    assert (
        sentence(Apps(all=4, enabled=1, yours=1, others=2), None, connects=True) == "1 of 4 apps enabled; 1 needs you."
    )
