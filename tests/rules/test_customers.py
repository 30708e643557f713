"""What is said of a customer, and what may be done with him."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from integrations.rules import customers
from integrations.rules.customers import Consent, Facts, State
from integrations.rules.folding import fold

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
AGO = NOW - timedelta(minutes=4)
WELL = Consent("connected", checked_at=AGO)
DEAD = Consent("reconnect", reason="Exact says the link was replaced.", since=AGO)
LATER = NOW + timedelta(days=2)

CASES = [
    (Facts(0, 0), State.NOT_CONNECTED, "Not connected yet, and no link page is open."),
    (Facts(2, 0), State.NOT_CONNECTED, "No connection reaches 2 companies, and no link page is open."),
    (
        Facts(0, 0, link_until=LATER),
        State.NOT_CONNECTED,
        "Waiting for customer: a link page is open until 6 March.",
    ),
    (Facts(3, 3, [WELL]), State.CONNECTED, "Connected; last checked 4 minutes ago; all 3 companies well."),
    (Facts(2, 2, [WELL]), State.CONNECTED, "Connected; last checked 4 minutes ago; both companies well."),
    (Facts(1, 1, [WELL]), State.CONNECTED, "Connected; last checked 4 minutes ago; its company is well."),
    (
        Facts(1, 1, [Consent("connected")]),
        State.CONNECTED,
        "Connected; the first check follows within a minute; its company can be reached.",
    ),
    (
        Facts(2, 2, [Consent("connected")]),
        State.CONNECTED,
        "Connected; the first check follows within a minute; both companies can be reached.",
    ),
    (
        Facts(3, 0, [DEAD]),
        State.RECONNECT,
        "Reconnect needed since 4 March: Exact says the link was replaced.",
    ),
    (
        Facts(3, 2, [WELL, DEAD]),
        State.RECONNECT,
        "Reconnect needed since 4 March: Exact says the link was replaced. 2 of 3 companies can be reached.",
    ),
    (Facts(3, 3, [WELL, DEAD]), State.CONNECTED, "Connected; last checked 4 minutes ago; all 3 companies well."),
    (
        Facts(3, 2, [WELL]),
        State.TROUBLE,
        "Connected; last checked 4 minutes ago; 2 of 3 companies can be reached.",
    ),
    (
        Facts(1, 1, [Consent("connected", checked_at=AGO, failed="Exact is in maintenance.")]),
        State.TROUBLE,
        "Connected, but the check 4 minutes ago failed: Exact is in maintenance.",
    ),
    (
        Facts(1, 1, [Consent("verifying")]),
        State.VERIFYING,
        "Being verified: an answer of Exact was lost. 1 of 1 company can be reached.",
    ),
    (
        Facts(1, 1, [WELL], unused=6),
        State.CONNECTED,
        "Connected; last checked 4 minutes ago; its company is well; 6 more reached and not used.",
    ),
    (
        Facts(0, 0, [WELL], unused=6),
        State.TROUBLE,
        "Connected; last checked 4 minutes ago; none of its companies is used yet; 6 reached and not used.",
    ),
    (
        Facts(3, 3, [WELL, Consent("verifying", serves=False), Consent("reconnect", serves=False)]),
        State.CONNECTED,
        "Connected; last checked 4 minutes ago; all 3 companies well.",
    ),
    (
        Facts(0, 0, [Consent("verifying", serves=False)]),
        State.VERIFYING,
        "Being verified: an answer of Exact was lost. None of its companies is used yet.",
    ),
    (
        Facts(1, 1, [Consent("verifying", reason="Exact does not accept the access token.")]),
        State.VERIFYING,
        "Being verified: Exact does not accept the access token. 1 of 1 company can be reached.",
    ),
    (
        Facts(0, 0, importing=True),
        State.NOT_CONNECTED,
        "Waiting for Exact: a connection is being brought from a former system.",
    ),
    (
        Facts(0, 0, importing=True, link_until=LATER),
        State.NOT_CONNECTED,
        (
            "Waiting for Exact: a connection is being brought from a former system. "
            "A link page is open until 6 March, too."
        ),
    ),
    (Facts(1, 0, disconnected_at=NOW), State.DISCONNECTED, "Disconnected on 4 March."),
    (
        Facts(1, 0, disconnected_at=NOW, link_until=LATER),
        State.DISCONNECTED,
        "Disconnected on 4 March; a link page is open until 6 March.",
    ),
    (
        Facts(1, 0, disconnected_at=NOW, erased_at=NOW),
        State.ERASED,
        "Erased on 4 March; only what was done with it is kept.",
    ),
]


@pytest.mark.parametrize(("facts", "state", "sentence"), CASES)
def test_one_state_and_one_sentence(facts: Facts, state: State, sentence: str) -> None:
    assert customers.state(facts) is state
    assert customers.sentence(facts, NOW, lambda moment: f"{moment:%-d %B}") == sentence


def test_every_state_has_a_case_and_a_label() -> None:
    assert {state for _, state, _ in CASES} == set(State) == set(customers.LABELS)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "just now"), (59, "just now"), (60, "1 minute ago"), (3599, "59 minutes ago"), (3600, "1 hour ago"),
        (86399, "23 hours ago"), (86400, "1 day ago"), (864000, "10 days ago"),
    ],
)  # fmt: skip
def test_ago(seconds: int, words: str) -> None:
    assert customers.ago(NOW - timedelta(seconds=seconds), NOW) == words


def test_a_consent_goes_on_while_it_serves_somebody_else() -> None:
    one, other = uuid4(), uuid4()
    assert not customers.goes_on([one], without=one)
    assert not customers.goes_on([], without=one)
    assert customers.goes_on([one, other], without=one)
    assert customers.goes_on([one, None], without=one), "our own companies count, too"


def test_why_not() -> None:
    connected, gone, erased = Facts(1, 1, [WELL]), Facts(1, 0, disconnected_at=NOW), Facts(0, 0, erased_at=NOW)
    assert customers.why_not_linked(connected) == customers.why_not_linked(gone) == ()
    assert customers.why_not_linked(erased)
    assert (
        customers.why_not_disconnected(connected) == customers.why_not_disconnected(Facts(0, 0, link_until=NOW)) == ()
    )
    assert customers.why_not_disconnected(gone)
    assert customers.why_not_disconnected(Facts(0, 0))
    assert customers.why_not_erased(gone) == customers.why_not_erased(Facts(0, 0)) == ()
    assert customers.why_not_erased(connected)
    assert customers.why_not_erased(erased)


@pytest.mark.parametrize(
    ("facts", "refused"),
    [
        ((False, False, False, True), False),
        ((True, False, False, False), True),
        ((False, True, True, False), True),
        ((False, False, True, True), True),
        ((False, False, True, False), False),
    ],
)
def test_a_company_goes_to_whom_it_can(facts: tuple[bool, ...], refused: bool) -> None:
    same, erased, disconnected, live = facts
    reasons = customers.why_not_assigned(same=same, erased=erased, disconnected=disconnected, live=live)
    assert bool(reasons) is refused


@pytest.mark.parametrize(
    ("text", "folded"),
    [("  Café  Jansén ", "cafe jansen"), ("STRAẞE", "strasse"), ("Ĳssel", "ijssel"), ("ＡＢＣ", "abc"), ("", "")],
)
def test_names_fold(text: str, folded: str) -> None:
    assert fold(text) == folded
    assert fold(folded) == folded
