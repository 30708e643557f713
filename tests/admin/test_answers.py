"""Answers to use again: listed, kept, changed, deleted, and what has expired marked."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations.models import AuditEvent, LibraryAnswer

pytestmark = pytest.mark.django_db
Staff = Callable[..., Client]
TYPED = {
    "number": "4",
    "name": "Encryption",
    "answer": "yes",
    "explanation": "TLS and AES-256.",
    "evidence": "https://www.meridian.example/security",
    "valid_until": "2030-01-31",
}


def url(name: str = "answers", *more: Any) -> str:
    return reverse(f"admin:{name}", args=more)


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def said(response: Any) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


@pytest.fixture
def row(db: None) -> LibraryAnswer:
    return LibraryAnswer.objects.create(number=4, name="Encryption", answer="yes", explanation="TLS.")


def test_an_empty_library_says_what_it_is_for(annas: Client) -> None:
    page = text(annas.get(url()))
    assert "No answer is kept yet" in page
    assert url("answer-add") in page


def test_an_answer_is_kept_and_listed_at_its_question(annas: Client) -> None:
    response = annas.post(url("answer-add"), TYPED)
    assert response.url == url()
    assert said(response)[0].startswith("The answer “Encryption” is kept.")
    page = text(annas.get(url()))
    for shown in ("4. Is data that is received", "Encryption", "TLS and AES-256.", "valid until 31 January 2030"):
        assert shown in page


@pytest.mark.parametrize(
    ("days", "chip"),
    [(-1, "Expired"), (0, "Expires today"), (1, "Expires in 1 day"), (60, "Expires in 60 days"), (61, "")],
)
def test_what_has_expired_or_soon_will_is_marked(annas: Client, row: LibraryAnswer, days: int, chip: str) -> None:
    LibraryAnswer.objects.update(valid_until=timezone.localdate() + timedelta(days=days))
    page = text(annas.get(url()))
    assert f">{chip}</span>" in page
    assert ("Expire" in page) is bool(chip)


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ({"number": "13"}, "The form has no such question."),
        ({"number": "four"}, "The form has no such question."),
        ({"answer": "not_applicable"}, "This is no answer to the question."),
        ({"answer": "perhaps"}, "Choose one of the answers."),
        ({"name": " "}, "Give the answer a name."),
        ({"name": "Encryption"}, "already exists"),
        ({"explanation": "x" * 1001}, "at most 1000 characters"),
        ({"evidence": "javascript:alert(1)"}, "Enter a web address"),
        ({"valid_until": "never"}, "Enter a day."),
    ],
)
def test_what_cannot_be_is_refused_on_the_form(
    annas: Client, row: LibraryAnswer, typed: dict[str, str], reason: str
) -> None:
    response = annas.post(url("answer-add"), {**TYPED, "name": "Another", **typed})
    assert response.status_code == 200
    assert reason in text(response)
    assert LibraryAnswer.objects.count() == 1


def test_an_answer_is_changed(annas: Client, row: LibraryAnswer) -> None:
    assert 'name="version" value="1"' in text(annas.get(url("answer", row.pk)))
    annas.post(url("answer", row.pk), {**TYPED, "version": 1, "explanation": "TLS 1.3."})
    row.refresh_from_db()
    assert (row.explanation, row.version) == ("TLS 1.3.", 2)


def test_two_who_change_one_answer_see_a_conflict(annas: Client, row: LibraryAnswer) -> None:
    annas.post(url("answer", row.pk), {**TYPED, "version": 1, "explanation": "Stored meanwhile."})
    response = annas.post(url("answer", row.pk), {**TYPED, "version": 1, "explanation": "Typed here."})
    page = text(response)
    assert "Anna Smit changed the answer after you opened this page" in page
    assert "Stored meanwhile." in page
    assert "Typed here." in page
    assert 'name="version" value="2"' in page
    row.refresh_from_db()
    assert row.explanation == "Stored meanwhile."


def test_an_answer_is_deleted_after_a_question(annas: Client, row: LibraryAnswer) -> None:
    assert "Delete “Encryption”?" in text(annas.get(url("answer-delete", row.pk)))
    assert LibraryAnswer.objects.exists()
    assert annas.post(url("answer-delete", row.pk)).url == url()
    assert not LibraryAnswer.objects.exists()
    assert annas.post(url("answer-delete", row.pk)).status_code == 404
    assert AuditEvent.objects.filter(action="answer.deleted").count() == 1


def test_whoever_may_only_look_reads_and_is_told_who_may(staff: Staff, row: LibraryAnswer) -> None:
    viewer = staff("view_application")
    page = text(viewer.get(url()))
    assert "Encryption" in page
    assert url("answer", row.pk) not in page
    for name in ("answer", "answer-delete"):
        assert viewer.get(url(name, row.pk)).status_code == 403
        assert viewer.post(url(name, row.pk), TYPED).status_code == 403
    assert viewer.post(url("answer-add"), TYPED).status_code == 403
    row.refresh_from_db()
    assert row.explanation == "TLS."
