"""Tests of an app's keys: two questions to Exact, asked when somebody presses the button and never by themselves.

The row is written before anything is asked: a test that dies with its process counts among the three of an hour, so
that nobody who is in a hurry asks Exact more often than it is told here; and while one may be under way, there is no
second, so that a button which is pressed twice asks once. Nothing is asked within a transaction, and nothing is asked
again.

An accepted secret is not taken for proven (``secrets.prove``). It is concluded from the refusal of a made-up code,
and Exact does not publish that it looks at the secret first; to prove a newer secret ends the one in use, whose
content then is gone. Were the conclusion wrong, all connections of the app would be cut off by pressing a button that
promises to change nothing. To wait costs nothing: the newer secret is tried as soon as Exact refuses the one in use,
and the tokens that it gives are the proof.
"""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from integrations.exact import key_test
from integrations.exact.key_test import Answer, Verdict
from integrations.models import Application, AuditEvent, KeyTest
from integrations.rules import key_tests as rules
from integrations.rules.actors import Actor
from integrations.rules.key_tests import Answered, Told
from integrations.services import app_guard, installation, rights, secrets, wire_guard
from integrations.services.refusals import Refused
from integrations.services.token_errors import AppStopped

SECONDS: Final = key_test.SECONDS
"""Of each question."""


def why_not(application: Application) -> tuple[str, ...]:
    """Return every reason why Exact cannot be asked now; what the button and ``run`` ask. Empty where it can."""
    return _why_not(application, timezone.now())


def left(application: Application) -> int:
    """Return how many more tests this hour allows."""
    now = timezone.now()
    return rules.left([at for at, _ in _recent(application, now)], now)


def run(application: Application, *, by: Actor) -> KeyTest:
    """Ask Exact whether it knows the app and accepts its newest secret; return the stored answers.

    One request for each question, 15 s each at most. Of a Client ID that Exact does not know it accepts no secret:
    then the second is not asked. Whatever goes wrong on the way is no clear answer, and a row.

    Raises:
        Refused: with every reason, or no right to it; nothing was asked. Or the app was deleted meanwhile.
        StandingBy: another portal owns the tokens; nothing was asked, or after its claim nothing more.
        TransactionOpen: called within a transaction.
    """
    rights.require(by, "integrations.set_keys")
    wire_guard.refuse_open_transaction()
    installation.refuse_standby()
    test, opened = _begin(application, by=by)
    home, known = test.application.origin, {"client_id": test.client_id, "redirect_uri": test.redirect_uri}
    client = key_test.authorize_page(home, **known, seconds=SECONDS)
    secret = None
    if client.verdict is not Verdict.UNKNOWN_CLIENT and _may_go_on(test):
        secret = key_test.client_secret(home, **known, client_secret=opened.plaintext, seconds=SECONDS)
    return _finish(test, client, secret, by=by)


def latest(applications: Iterable[Application]) -> dict[UUID, KeyTest]:
    """Return the latest test of the keys that each app has now, by one query; other keys are not tested by it."""
    rows = KeyTest.objects.of_present_keys().latest_of(applications).select_related("application")
    return {row.application_id: row for row in rows}


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


def _why_not(application: Application, now: datetime) -> tuple[str, ...]:
    stored = secrets.stored(application)
    newest = max(stored, key=lambda secret: secret.version, default=None)
    recent = _recent(application, now)
    facts = rules.Facts(
        has_client_id=bool(application.client_id),
        has_secret=newest is not None,
        secret_opens=newest is not None and newest.opens,
        asleep_for="" if application.is_awake else application.origin,
        is_stopped=application.is_stopped,
        is_archived=application.is_archived,
        asked=tuple(at for at, _ in recent),
        unanswered=tuple(at for at, verdict in recent if not verdict),
    )
    return rules.why_not(facts, now, timezone.get_current_timezone())


def _recent(application: Application, now: datetime) -> list[tuple[datetime, str]]:
    """Return when tests of the last hour began, each with its first verdict: empty while it has none."""
    recent = application.key_tests.filter(asked_at__gt=now - rules.WINDOW)
    return list(recent.values_list("asked_at", "client_verdict"))


def _may_go_on(test: KeyTest) -> bool:
    """Tell whether the second question may still leave: an Emergency stop may have been pressed meanwhile."""
    with suppress(AppStopped):
        return bool(app_guard.refuse_stopped(test.application))
    return False


def _begin(application: Application, *, by: Actor) -> tuple[KeyTest, secrets.Opened]:
    """Count the test, with the app locked, so that tests at once are no more than tests in a row."""
    with transaction.atomic():
        row = Application.objects.select_for_update().get(pk=application.pk)
        now = timezone.now()
        if reasons := _why_not(row, now):
            raise Refused(reasons)
        secret = secrets.in_use(row)[-1]  # the newest: it opens, or there had been a reason
        test = KeyTest.objects.create(
            application=row,
            asked_at=now,
            asked_by=str(by),
            client_id=row.client_id or "",
            redirect_uri=row.redirect_uri,
            secret_version=secret.row.version,
        )
    return test, secret


def _finish(test: KeyTest, client: Answer, secret: Answer | None, *, by: Actor) -> KeyTest:
    """Store both answers at once, and say so in the activity."""
    values = {**_columns("client", client), **_columns("secret", secret)}
    with transaction.atomic():
        if not KeyTest.objects.filter(pk=test.pk).update(**values):
            raise Refused(["The app was deleted while its keys were tested."])
        details = {"client": client.verdict, "secret": secret.verdict if secret else "not asked"}
        AuditEvent.objects.record("application.keys_tested", test.application, by=by, details=details)
    for name, value in values.items():
        setattr(test, name, value)
    return test


def _columns(question: str, answer: Answer | None) -> dict[str, str]:
    if answer is None:
        return {}
    return {
        f"{question}_verdict": str(answer.verdict),
        f"{question}_said": answer.said,
        f"{question}_evidence": str(answer.evidence or ""),
    }
