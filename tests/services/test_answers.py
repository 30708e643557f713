"""Answers of our own, kept to be used again."""

from typing import Any

import pytest
from django.utils import timezone

from integrations.models import AuditEvent, LibraryAnswer, User
from integrations.rules.actors import Actor
from integrations.services import answers
from integrations.services.refusals import Conflict, Refused
from tests.conftest import SOMEBODY

pytestmark = pytest.mark.django_db


def made(**values: Any) -> LibraryAnswer:
    given = {"number": 4, "name": "Encryption", "answer": "yes", "explanation": "TLS and AES-256.", **values}
    return answers.add(LibraryAnswer(**given), by=SOMEBODY)


def test_answers_are_kept_in_the_order_of_the_form() -> None:
    mine = made(name=" Encryption  at rest ", explanation=" One\r\nTwo ", valid_until=timezone.localdate())
    made(number=5)
    assert [answer.number for answer in answers.every()] == [4, 5]
    mine.refresh_from_db()
    assert (mine.name, mine.explanation) == ("Encryption at rest", "One\nTwo")
    assert AuditEvent.objects.filter(action="answer.added").count() == 2


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"number": 0}, "no such question"),
        ({"number": 13}, "no such question"),
        ({"answer": "not_applicable"}, "no answer"),
        ({"answer": ""}, "no answer"),
        ({"name": " "}, "cannot be blank"),
        ({"name": "a\u202eb"}, "invisible sign"),
        ({"explanation": "x" * 1001}, "1000"),
        ({"explanation": "a\0"}, "cannot be stored"),
        ({"evidence": "nowhere"}, "valid URL"),
    ],
)
def test_an_answer_that_cannot_be_is_refused_with_the_reason(values: dict[str, Any], said: str) -> None:
    with pytest.raises(Refused, match=said):
        made(**values)
    assert not LibraryAnswer.objects.exists()


def test_a_name_is_there_once_a_question() -> None:
    made()
    with pytest.raises(Refused):
        made(answer="no")
    made(number=5)


def test_a_change_says_which_fields_and_nothing_of_them() -> None:
    mine = made()
    mine.explanation = "Other."
    assert answers.change(mine, by=SOMEBODY, version=1) == ("explanation",)
    assert (mine.version, LibraryAnswer.objects.get().explanation) == (2, "Other.")
    (event,) = AuditEvent.objects.filter(action="answer.changed")
    assert event.details == {"question": 4, "fields": ["explanation"]}
    assert answers.change(mine, by=SOMEBODY, version=2) == ()


def test_whoever_saves_from_an_older_form_learns_who_was_faster(anna: User) -> None:
    mine = made()
    theirs = LibraryAnswer.objects.get()
    theirs.explanation = "Anna's."
    answers.change(theirs, by=Actor.person(anna.pk), version=1)
    mine.explanation = "Mine."
    with pytest.raises(Conflict, match="Anna Smit changed the answer"):
        answers.change(mine, by=SOMEBODY, version=1)
    assert LibraryAnswer.objects.get().explanation == "Anna's."


def test_a_deleted_answer_is_gone_once() -> None:
    mine = made()
    again = LibraryAnswer.objects.get()
    answers.delete(mine, by=SOMEBODY)
    for do in (answers.delete, answers.change):
        with pytest.raises(Refused, match="is gone"):
            do(again, by=SOMEBODY)
    assert AuditEvent.objects.filter(action="answer.deleted").count() == 1
