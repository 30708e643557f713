"""The organization's own answers to the form's questions, kept to be used again for any app."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from integrations.exact.review import BY_NUMBER
from integrations.models import AuditEvent, LibraryAnswer
from integrations.rules.actors import Actor
from integrations.rules.names import can_be_stored, why_not_shown
from integrations.services import people, rights
from integrations.services.refusals import Conflict, Refused

PREPARE: Final = "integrations.prepare_review"
CHANGEABLE: Final = ("number", "name", "answer", "explanation", "evidence", "valid_until")
_TEXTS: Final = ("name", "explanation", "evidence")
_TAKEN: Final = "library_answer_named_once"


def every() -> list[LibraryAnswer]:
    """Return all of them, in the order of the form."""
    return list(LibraryAnswer.objects.all())


def add(answer: LibraryAnswer, *, by: Actor) -> LibraryAnswer:
    """Keep a new answer.

    Raises:
        Refused: a field is not as it must be, or another answer to the question has this name; or no right to it.
    """
    rights.require(by, PREPARE)
    with _refusing(), transaction.atomic():
        _clean(answer)
        answer.save(force_insert=True)
        AuditEvent.objects.record("answer.added", answer, by=by, details={"question": answer.number})
    return answer


def change(answer: LibraryAnswer, *, by: Actor, version: int | None = None) -> tuple[str, ...]:
    """Store what differs from the row, and return the names of these fields; rounds that used it stay as they are.

    ``version``: that of the row from which the form was filled in; None where nobody looked at one.

    Raises:
        Conflict: somebody changed it meanwhile; nothing was stored.
        Refused: as for ``add``, or it is gone.
    """
    rights.require(by, PREPARE)
    with _refusing(), transaction.atomic():
        row = _locked(answer)
        if version is not None and version != row.version:
            raise Conflict([_overtaken(row)], version=row.version)
        _clean(answer)
        changed = tuple(name for name in CHANGEABLE if getattr(row, name) != getattr(answer, name))
        if changed:
            answer.version = row.version + 1
            answer.save(update_fields=[*changed, "version"])
            labels = [str(LibraryAnswer._meta.get_field(name).verbose_name) for name in changed]  # type: ignore[union-attr]
            details = {"question": answer.number, "fields": labels}
            AuditEvent.objects.record("answer.changed", answer, by=by, details=details)
    return changed


def delete(answer: LibraryAnswer, *, by: Actor) -> None:
    """Delete an answer; rounds that used it keep what they took from it.

    Raises:
        Refused: it is gone already; or no right to it.
    """
    rights.require(by, PREPARE)
    with transaction.atomic():
        row = _locked(answer)
        AuditEvent.objects.record("answer.deleted", row, by=by, details={"question": row.number})
        row.delete()


def _locked(answer: LibraryAnswer) -> LibraryAnswer:
    row = LibraryAnswer.objects.select_for_update().filter(pk=answer.pk).first()
    if row is None:
        raise Refused(["This answer is gone: somebody deleted it."])
    return row


def _overtaken(row: LibraryAnswer) -> str:
    last = AuditEvent.objects.about(row).filter(action="answer.changed").first()
    who = next(iter(people.names([last.actor] if last else []).values()), "Somebody")
    return f"{who} changed the answer after you opened this page, so nothing was saved. Look at what it is now."


def _clean(answer: LibraryAnswer) -> None:
    for name in _TEXTS:
        setattr(answer, name, "\n".join(getattr(answer, name).splitlines()).strip())
    answer.name = " ".join(answer.name.split())
    question = BY_NUMBER.get(answer.number)
    if question is None:
        raise Refused(["The form has no such question."])
    if answer.answer not in question.choices:
        raise Refused(["This is no answer to the question."])
    if answer.name and (reasons := why_not_shown(answer.name)):
        raise Refused(reasons)
    if not can_be_stored(answer.explanation):
        raise Refused(["The explanation holds a sign that is no text and cannot be stored."])
    answer.full_clean()


@contextmanager
def _refusing() -> Iterator[None]:
    """Turn what the model or the database refuses into one kind of answer."""
    try:
        yield
    except ValidationError as error:
        raise Refused(error.messages) from None
    except IntegrityError as error:
        # Somebody else was faster between our look and our write. SQLite names the columns.
        if _TAKEN not in str(error) and "libraryanswer.name" not in str(error):
            raise
        raise Refused(["Another answer to this question has this name already."]) from None
