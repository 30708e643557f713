"""The Data & Security Review as Exact's App Center asks it: its questions, its longest texts, its labels.

Source: the form *Data & Security Review* (tab *Submit for review*) and the set-up article, as owners of apps
published them. Not known: the questions' exact wording in either language (what stands here says what each asks),
most Dutch labels, how long an explanation may be, and whether Exact counts characters otherwise than its page does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from integrations.exact import regions
from integrations.exact.scopes import Level

ENGLISH: Final = "English"
PURPOSE_LONGEST: Final = 140
"""Of each purpose, as ``length`` counts."""


class AnswerKind(StrEnum):
    YES = "yes"
    NO = "no"
    NOT_APPLICABLE = "not_applicable"


LABELS: Final = {AnswerKind.YES: "Yes", AnswerKind.NO: "No", AnswerKind.NOT_APPLICABLE: "Not applicable"}
_YES_OR_NO: Final = (AnswerKind.YES, AnswerKind.NO)


@dataclass(frozen=True, slots=True)
class Question:
    """One of the twelve; each wants a short explanation beside the answer."""

    number: int
    asks: str
    suggestion: str = ""
    """What the set-up article suggests to explain; empty where it suggests nothing."""
    opened_by: int | None = None
    """The form asks it only where that one is answered Yes."""
    choices: tuple[AnswerKind, ...] = _YES_OR_NO


QUESTIONS: Final = (
    Question(
        1,
        "Does a public privacy policy say what is collected, why, for how long, how consent is withdrawn, and how "
        "deletion is requested?",
    ),
    Question(2, "Do users give explicit consent to the collection and use of their data?"),
    Question(3, "Do users accept the privacy policy?"),
    Question(
        4,
        "Is data that is received, processed or stored protected against unauthorized access and disclosure, for "
        "example by encryption?",
        suggestion="The third party encrypts data in transit (TLS) and at rest (AES-256).",
    ),
    Question(
        5,
        "Does a change management process ensure that changes are authorized, and tested before release?",
        suggestion="Integration tests, developer tests and quality assurance are part of continuous delivery; a "
        "release can be rolled back immediately.",
    ),
    Question(
        6,
        "Does a version control system keep history, and allow branching, merging and tracing of changes?",
        suggestion="All source code is kept in a version control platform: (its name).",
    ),
    Question(7, "Is a secure-coding practice followed, such as OWASP's?"),
    Question(8, "Are vulnerabilities regularly looked for, and fixed?"),
    Question(9, "Is data kept in a data centre, of your own or in the cloud?"),
    Question(10, "Does the data centre permit authorized logical access only?", opened_by=9),
    Question(
        11,
        "Does the data centre permit authorized physical access only?",
        opened_by=9,
        choices=(*_YES_OR_NO, AnswerKind.NOT_APPLICABLE),
    ),
    Question(
        12,
        "Is there a statement of a third party about it, such as ISO 27001, ISAE 3402 or SOC 2? Attach it.",
        opened_by=9,
    ),
)
BY_NUMBER: Final = {question.number: question for question in QUESTIONS}

DUTCH_LEVELS: Final = {Level.NONE: "Ongebruikt", Level.READ: "Lezen", Level.MANAGE: "Beheren"}
_LEVELS_IN: Final = {"Dutch": DUTCH_LEVELS}
DUTCH_REQUEST_PERMISSION: Final = "Toestemmingsverzoek"
DUTCH_IN_REVIEW: Final = "Wordt beoordeeld"
"""The Dutch labels that are known; of the others pages say nothing."""


def length(text: str) -> int:
    """Count as Exact's form does, in UTF-16 code units (a browser's ``maxlength``, .NET): most emoji count two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def local_language(region: str) -> str:
    """Return the language of the form's other half.

    Raises:
        UnknownRegion: no region has this code.
    """
    return regions.by_code(region).language


def local_levels(region: str) -> Mapping[Level, str]:
    """Return the levels as the form has them in the local language; empty where that is English, or not known."""
    return _LEVELS_IN.get(local_language(region), {})


def asks_local(region: str) -> bool:
    """Tell whether the form has two fields for each text; where the language is English it has the one."""
    return local_language(region) != ENGLISH
