"""What is true of a link page, and which can be revoked."""

from datetime import UTC, datetime, timedelta

import pytest

from integrations.rules import link_states
from integrations.rules.link_states import LABELS, LinkState

NOW = datetime(2026, 5, 3, 12, tzinfo=UTC)
BEFORE, LATER = NOW - timedelta(days=1), NOW + timedelta(days=1)


@pytest.mark.parametrize(
    ("connected", "revoked", "expires", "state"),
    [
        (None, None, LATER, LinkState.OPEN),
        (None, None, NOW, LinkState.EXPIRED),
        (None, BEFORE, LATER, LinkState.REVOKED),
        (None, BEFORE, BEFORE, LinkState.REVOKED),
        (BEFORE, None, BEFORE, LinkState.USED),
        (BEFORE, NOW, LATER, LinkState.USED),
    ],
)
def test_a_link_page_has_one_state(
    connected: datetime | None, revoked: datetime | None, expires: datetime, state: LinkState
) -> None:
    assert link_states.state(connected_at=connected, revoked_at=revoked, expires_at=expires, now=NOW) is state


def test_only_an_open_one_can_be_revoked() -> None:
    assert [state for state in LinkState if not link_states.why_not_revoked(state)] == [LinkState.OPEN]


def test_every_state_has_its_words() -> None:
    assert set(LABELS) == set(LinkState)
