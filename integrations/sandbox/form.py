"""Exact's form *Data & Security Review*: what it asks, and what it takes.

Source: Exact, "Register a product app" (Data & Security Review). How Exact words a refusal of it is not published:
the sentences here are the sandbox's.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

GROUPS: dict[str, tuple[str, ...]] = {
    "Crm": ("accounts", "marketing", "opportunities", "quotes"),
    "Sales": ("orders", "invoices", "contracts", "prices"),
    "Purchase": ("orders", "invoices", "contracts", "prices"),
    "Logistics": ("items", "inventory", "distribution", "wms", "assembly"),
    "Manufacturing": ("products", "production", "shopfloor"),
    "Projects": ("projects", "planning", "billing"),
    "Hrm": ("employees", "payroll"),
    "Financial": (
        "currencies", "costcenters", "generalledgers", "accounting", "cashflow", "receivables", "payables", "returns",
        "assets", "budgets",
    ),
    "Organization": (
        "administration", "documents", "workflow", "search", "officeapp", "extensibility", "googleworkspace",
        "conversion",
    ),
    "Accountancy": ("practicemanagement", "processmanagement"),
    "Communication": ("mailboxes",),
}  # fmt: skip
SCOPES = tuple(f"{group}.{name}".lower() for group, names in GROUPS.items() for name in names)
NONE = "None"
LEVELS = (NONE, "Read", "Manage")
YES, NO, NOT_APPLICABLE = "yes", "no", "not_applicable"
ANSWERS = {YES: "Yes", NO: "No", NOT_APPLICABLE: "Not applicable"}
PURPOSE_LONGEST, LINE_LONGEST, TEXT_LONGEST = 140, 200, 4_000
MOST_PARTIES = 20


@dataclass(frozen=True)
class Question:
    """One of the twelve. `opened_by`: the question that has to be answered Yes for this one to be asked."""

    number: int
    text: str
    hint: str = ""
    opened_by: int = 0

    @property
    def choices(self) -> dict[str, str]:
        return {value: label for value, label in ANSWERS.items() if value != NOT_APPLICABLE or self.number == 11}


QUESTIONS = (
    Question(
        1,
        "Does a public privacy policy state what data is collected, why and for how long, and how a user withdraws "
        "consent and asks for deletion?",
    ),
    Question(2, "Do users give explicit consent to the collection and use of their data?"),
    Question(3, "Do users accept the privacy policy?"),
    Question(
        4,
        "Is data that is received, processed or stored protected against unauthorized access or disclosure, for "
        "example by encryption?",
    ),
    Question(
        5, "Does a change management process ensure that changes are authorized, and tested before they are released?"
    ),
    Question(6, "Does a version control system keep history, branching, merging and traceability of changes?"),
    Question(7, "Is a secure coding practice followed, such as OWASP's?"),
    Question(8, "Are vulnerabilities regularly looked for and fixed?"),
    Question(9, "Is data kept in a data centre, your own or a cloud's?", "Yes opens questions 10 to 12."),
    Question(10, "Is only authorized logical access possible there?", opened_by=9),
    Question(11, "Is only authorized physical access possible there?", opened_by=9),
    Question(
        12,
        "Is there a statement of a third party, such as ISO 27001, ISAE 3402 or SOC 2?",
        "At the real Exact it is attached here. In practice, name it.",
        opened_by=9,
    ),
)


@dataclass(frozen=True)
class Answer:
    choice: str = ""
    explanation: str = ""


@dataclass(frozen=True)
class ThirdParty:
    """Somebody else whom the data reaches. The local texts are empty where English is the local language."""

    name: str = ""
    purpose_local: str = ""
    purpose_english: str = ""
    data_local: str = ""
    data_english: str = ""


@dataclass(frozen=True)
class Contact:
    first_name: str = ""
    last_name: str = ""
    phone: str = ""
    email: str = ""


@dataclass(frozen=True)
class Form:
    """One filled-in form. A scope that is not in `scopes` is None; an unanswered question is not in `answers`."""

    purpose_local: str = ""
    purpose_english: str = ""
    scopes: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[int, Answer] = field(default_factory=dict)
    third_parties: tuple[ThirdParty, ...] = ()
    contact: Contact = field(default_factory=Contact)
    terms: bool = False


def dumps(form: Form) -> str:
    return json.dumps(asdict(form))


def loads(text: str) -> Form:
    """The form that dumps wrote."""
    raw: dict[str, Any] = json.loads(text)
    return Form(
        **{
            **raw,
            "answers": {int(number): Answer(**answer) for number, answer in raw["answers"].items()},
            "third_parties": tuple(ThirdParty(**party) for party in raw["third_parties"]),
            "contact": Contact(**raw["contact"]),
        }
    )


def length(text: str) -> int:
    """As a browser's maxlength counts: in units of UTF-16, so that most emoji are two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def faults(form: Form) -> Iterator[tuple[str, str]]:
    """What keeps it from being saved: the field, and a sentence about it. An unfinished form is none."""
    yield from _purpose_faults(form)
    yield from _scope_faults(form)
    yield from _answer_faults(form)
    if len(form.third_parties) > MOST_PARTIES:
        yield "third_parties", f"Name at most {MOST_PARTIES} third parties."
    yield from _too_long(form)


def missing(form: Form, *, english_too: bool) -> Iterator[str]:
    """What keeps it from being submitted. `english_too`: the local language is another one."""
    languages = {"local": "the local language", "english": "English"} if english_too else {"local": "English"}
    yield from (
        f"Fill in the purpose in {language}."
        for code, language in languages.items()
        if not _text(form, "purpose", code)
    )
    yield from (f"Answer question {question.number}." for question in asked(form) if not _choice(form, question.number))
    for party in form.third_parties:
        texts = [_text(party, what, code) for what in ("purpose", "data") for code in languages]
        if not all((party.name, *texts)):
            yield f"Fill in every field of the third party “{party.name}”."
    if not all(asdict(form.contact).values()):
        yield "Fill in the contact: first name, last name, phone and e-mail."
    if not form.terms:
        yield "Accept the terms."


def asked(form: Form) -> Iterator[Question]:
    """The questions that this form has to answer: 10 to 12 only when 9 is Yes."""
    for question in QUESTIONS:
        if not question.opened_by or _choice(form, question.opened_by) == YES:
            yield question


def _choice(form: Form, number: int) -> str:
    return form.answers.get(number, Answer()).choice


def _text(of: Form | ThirdParty, what: str, language: str) -> str:
    return str(getattr(of, f"{what}_{language}"))


def _purpose_faults(form: Form) -> Iterator[tuple[str, str]]:
    for name, text in (("purpose_local", form.purpose_local), ("purpose_english", form.purpose_english)):
        if length(text) > PURPOSE_LONGEST:
            yield name, f"A purpose has at most {PURPOSE_LONGEST} characters; this one has {length(text)}."


def _scope_faults(form: Form) -> Iterator[tuple[str, str]]:
    for scope, level in form.scopes.items():
        if scope not in SCOPES:
            yield "scopes", f"There is no scope “{scope[:60]}”."
        elif level not in LEVELS:
            yield "scopes", f"“{scope}” is None, Read or Manage."


def _answer_faults(form: Form) -> Iterator[tuple[str, str]]:
    for question in QUESTIONS:
        if _choice(form, question.number) not in {"", *question.choices}:
            yield f"answer-{question.number}", f"Answer question {question.number} with {_either(question)}."


def _too_long(form: Form) -> Iterator[tuple[str, str]]:
    lines = [("contact", text) for text in asdict(form.contact).values()]
    lines += [("third_parties", party.name) for party in form.third_parties]
    texts = [(f"answer-{number}", answer.explanation) for number, answer in form.answers.items()]
    texts += [("third_parties", text) for party in form.third_parties for text in asdict(party).values()]
    for found, longest in ((lines, LINE_LONGEST), (texts, TEXT_LONGEST)):
        for name in dict.fromkeys(name for name, text in found if length(text) > longest):
            yield name, f"A text here has at most {longest:,} characters."


def _either(question: Question) -> str:
    *others, last = question.choices.values()
    return f"{', '.join(others)} or {last}"
