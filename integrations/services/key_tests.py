"""Tests of an app's keys: two questions to Exact, asked when somebody presses the button and never by themselves."""

from integrations.exact.key_test import Verdict
from integrations.models import KeyTest
from integrations.rules import key_tests as rules
from integrations.rules.key_tests import Answered, Told


def told(test: KeyTest) -> list[Told]:
    """Return both questions with their answers in words: what each proves, what it does not, what to do."""
    application = test.application
    return rules.told(
        rules.Asked(
            region=application.region,
            is_testing=application.is_testing,
            is_practice=application.is_practice,
            asked_at=test.asked_at,
            client=Answered(test.client_verdict, test.client_said, test.client_evidence),
            secret=Answered(test.secret_verdict, test.secret_said, test.secret_evidence),
        )
    )


def outcome(test: KeyTest | None) -> Verdict | None:
    """Return the worse of the two answers, for ``rules.lint``; None where there is no test, or it has no answer."""
    return rules.outcome(test.client_verdict, test.secret_verdict) if test else None
