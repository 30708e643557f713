"""What staff fill in for one round of the Data & Security Review: values, and the JSON that a row keeps of them.

A draft may be wrong in every way that ``rules.review_lint`` knows: only what cannot be stored is refused here.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import date
from typing import Any, Final

from integrations.exact.review import BY_NUMBER, QUESTIONS, AnswerKind, asks_local, local_language
from integrations.rules.names import can_be_stored
from integrations.rules.redirects import is_web_address

LONGEST: Final = 4000
"""Of any text of a draft, in characters."""
MOST_THIRD_PARTIES: Final = 50
LABELS: Final[Mapping[str, str]] = {
    "app": "App",
    "purpose_local": "Purpose in the local language",
    "purpose_english": "Purpose in English",
    "scopes": "Scopes",
    **{f"answer-{question.number}": f"Question {question.number}" for question in QUESTIONS},
    "third_parties": "Third-party connections",
    "contact": "Contact",
    "terms": "Terms",
}
"""The parts of what goes to Exact and what pages call them; *App* is its name and addresses."""
FIELDS: Final = tuple(LABELS)
"""A finding, a rejection and a comparison name one of them."""


def labels(region: str) -> dict[str, str]:
    """Return the parts of a region's form and what pages call them: it names its language, and may have one purpose."""
    local = {"purpose_local": f"Purpose in {local_language(region)}"}
    return {key: local.get(key, label) for key, label in LABELS.items() if key not in local or asks_local(region)}


class Malformed(ValueError):
    """It is no form; ``reasons`` say why."""

    def __init__(self, reasons: tuple[str, ...]) -> None:
        self.reasons = reasons
        super().__init__(" ".join(reasons))


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one question, as far as there is one."""

    answer: AnswerKind | None = None
    explanation: str = ""
    evidence: str = ""
    """The address of what shows it."""
    valid_until: date | None = None
    """When the evidence expires."""


@dataclass(frozen=True, slots=True)
class ThirdParty:
    """Somebody else whom data goes to, or comes from."""

    name: str = ""
    purpose_local: str = ""
    purpose_english: str = ""
    data_local: str = ""
    data_english: str = ""


@dataclass(frozen=True, slots=True)
class Contact:
    first_name: str = ""
    last_name: str = ""
    phone: str = ""
    email: str = ""


UNANSWERED: Final[Mapping[int, Answer]] = {question.number: Answer() for question in QUESTIONS}


@dataclass(frozen=True, slots=True)
class Form:
    """Everything but the scopes, which come from the app's grid."""

    purpose_local: str = ""
    purpose_english: str = ""
    answers: Mapping[int, Answer] = field(default_factory=lambda: dict(UNANSWERED))
    """Of all twelve, in their order."""
    third_parties: tuple[ThirdParty, ...] = ()
    contact: Contact = Contact()
    terms: bool = False
    """The terms were read and are accepted."""


BLANK: Final = Form()


def open_questions(form: Form) -> tuple[int, ...]:
    """Return the numbers of those that Exact's form asks: some open only where another one is answered Yes."""
    return tuple(
        question.number
        for question in QUESTIONS
        if question.opened_by is None or form.answers[question.opened_by].answer is AnswerKind.YES
    )


def as_asked(form: Form, *, local: bool) -> Form:
    """Return what Exact's form has a place for: no answer to a closed question, one language where it has one."""
    asked = open_questions(form)
    answers = {number: answer if number in asked else Answer() for number, answer in form.answers.items()}
    if local:
        return replace(form, answers=answers)
    parties = tuple(replace(party, purpose_local="", data_local="") for party in form.third_parties)
    return replace(form, purpose_local="", answers=answers, third_parties=parties)


def tidied(form: Form) -> Form:
    """Return the form without blanks around its texts, and with line ends of one kind, as browsers differ in them."""
    return read(_each_text(write(form), lambda text: "\n".join(text.splitlines()).strip()))


def why_not_kept(form: Form) -> tuple[str, ...]:
    """Return why not even a draft can be so: pages lead to the evidence, so that it has to be a web address."""
    links = {number: answer.evidence for number, answer in form.answers.items() if answer.evidence}
    wrong = [number for number, link in links.items() if not is_web_address(link)]
    return tuple(f"The evidence of question {number} is no web address." for number in wrong)


def _each_text(value: Any, change: Callable[[str], str]) -> Any:
    match value:
        case str():
            return change(value)
        case dict():
            return {name: _each_text(part, change) for name, part in value.items()}
        case list():
            return [_each_text(part, change) for part in value]
    return value


# --- Written --------------------------------------------------------------------------------------------------


def write(form: Form) -> dict[str, Any]:
    """Return the form as a JSON document, whole; ``read`` is its reverse."""
    return {
        "purpose_local": form.purpose_local,
        "purpose_english": form.purpose_english,
        "answers": {str(number): _written(answer) for number, answer in form.answers.items()},
        "third_parties": [asdict(party) for party in form.third_parties],
        "contact": asdict(form.contact),
        "terms": form.terms,
    }


def _written(answer: Answer) -> dict[str, str]:
    until = answer.valid_until.isoformat() if answer.valid_until else ""
    return {**asdict(answer), "answer": str(answer.answer or ""), "valid_until": until}


# --- Read -----------------------------------------------------------------------------------------------------


def read(raw: object) -> Form:
    """Return the form of a JSON document; what is left out is blank.

    Raises:
        Malformed: it has a key, a type or a text that no form has; with every reason.
    """
    reader = Reader()
    form = _form(reader, raw)
    reader.finish()
    return form


def _form(reader: "Reader", raw: object) -> Form:
    values = reader.mapping(raw, "the form", [one.name for one in fields(Form)])
    answers = reader.mapping(values.get("answers", {}), "answers", [str(number) for number in BY_NUMBER])
    parties = reader.rows(values.get("third_parties", []), "third_parties", most=MOST_THIRD_PARTIES)
    return Form(
        purpose_local=reader.text(values.get("purpose_local", ""), "purpose_local"),
        purpose_english=reader.text(values.get("purpose_english", ""), "purpose_english"),
        answers={number: _answer(reader, answers.get(str(number), {}), number) for number in BY_NUMBER},
        third_parties=tuple(
            ThirdParty(**reader.texts(party, f"third_parties {place}", [one.name for one in fields(ThirdParty)]))
            for place, party in enumerate(parties, start=1)
        ),
        contact=Contact(**reader.texts(values.get("contact", {}), "contact", [one.name for one in fields(Contact)])),
        terms=reader.yes_or_no(values.get("terms", False), "terms"),
    )


def _answer(reader: "Reader", raw: object, number: int) -> Answer:
    where = f"answer-{number}"
    texts = reader.texts(raw, where, [one.name for one in fields(Answer)])
    kind: AnswerKind | None = None
    if texts["answer"]:
        kind = next((choice for choice in BY_NUMBER[number].choices if choice == texts["answer"]), None)
        reader.add_if(kind is None, f"{where}: “{_short(texts['answer'])}” is no answer to this question.")
    until = reader.day(texts["valid_until"], f"{where}, valid_until")
    return Answer(kind, texts["explanation"], texts["evidence"], until)


class Reader:
    """Reads JSON strictly, and goes on after what is wrong, so that every reason is told."""

    def __init__(self) -> None:
        self.reasons: list[str] = []

    def add(self, reason: str) -> None:
        self.reasons.append(reason)

    def add_if(self, wrong: bool, reason: str) -> None:  # noqa: FBT001
        if wrong:
            self.add(reason)

    def finish(self) -> None:
        """Raise `Malformed` where something was wrong."""
        if self.reasons:
            raise Malformed(tuple(self.reasons))

    def mapping(self, raw: object, where: str, names: list[str]) -> dict[str, Any]:
        if not isinstance(raw, dict):
            self.add(f"{where}: this has to be an object of JSON.")
            return {}
        for name in raw:
            self.add_if(name not in names, f"{where}: there is no “{_short(name)}” in it.")
        return {name: raw[name] for name in names if name in raw}

    def rows(self, raw: object, where: str, *, most: int) -> list[Any]:
        if not isinstance(raw, list):
            self.add(f"{where}: this has to be a list.")
            return []
        self.add_if(len(raw) > most, f"{where}: there are {len(raw)}, and room for {most}.")
        return raw[:most]

    def text(self, raw: object, where: str) -> str:
        if not isinstance(raw, str):
            self.add(f"{where}: this has to be a text.")
            return ""
        self.add_if(len(raw) > LONGEST, f"{where}: it has {len(raw):,} characters, and a draft keeps {LONGEST:,}.")
        self.add_if(
            not can_be_stored(raw), f"{where}: it holds a sign that is no text and cannot be stored. Type it anew."
        )
        return raw

    def texts(self, raw: object, where: str, names: list[str]) -> dict[str, str]:
        values = self.mapping(raw, where, names)
        return {name: self.text(values.get(name, ""), f"{where}, {name}") for name in names}

    def yes_or_no(self, raw: object, where: str) -> bool:
        self.add_if(not isinstance(raw, bool), f"{where}: this has to be true or false.")
        return raw is True

    def day(self, text: str, where: str) -> date | None:
        try:
            return date.fromisoformat(text) if text else None
        except ValueError:
            self.add(f"{where}: “{_short(text)}” is no day. An example: 2027-01-31.")
            return None


def _short(value: object) -> str:
    text = str(value).encode("utf-8", "replace").decode()
    return text if len(text) <= 40 else f"{text[:40]}…"


def texts(form: Form) -> Iterator[tuple[str, str, str]]:
    """Yield every text of the form with the part it belongs to and what it is called there."""
    yield "purpose_local", LABELS["purpose_local"], form.purpose_local
    yield "purpose_english", LABELS["purpose_english"], form.purpose_english
    for number, answer in form.answers.items():
        key = f"answer-{number}"
        yield key, f"{LABELS[key]}, explanation", answer.explanation
        yield key, f"{LABELS[key]}, evidence", answer.evidence
    for place, party in enumerate(form.third_parties, start=1):
        for name, text in asdict(party).items():
            yield "third_parties", f"Third party {place}, {name.replace('_', ' ')}", text
    for name, text in asdict(form.contact).items():
        yield "contact", f"Contact, {name.replace('_', ' ')}", text


def changed_parts(one: Form, other: Form) -> tuple[str, ...]:
    """Return the keys of the parts that differ, in the order of the form."""
    parts = [_parts(form) for form in (one, other)]
    return tuple(key for key in parts[0] if parts[0][key] != parts[1][key])


def _parts(form: Form) -> dict[str, object]:
    plain: dict[str, object] = {
        "purpose_local": form.purpose_local,
        "purpose_english": form.purpose_english,
        "third_parties": form.third_parties,
        "contact": form.contact,
        "terms": form.terms,
    }
    answers = {f"answer-{number}": answer for number, answer in form.answers.items()}
    return {key: (plain | answers)[key] for key in FIELDS if key in plain | answers}
