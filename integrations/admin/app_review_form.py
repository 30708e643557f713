"""The form of one round of the review, as staff fill it in: a draft may be saved with all that lint would say of it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from django import forms
from django.core.exceptions import SuspiciousOperation
from django.forms.boundfield import BoundField
from django.http import QueryDict

from integrations.admin.conflicts import SeenField
from integrations.admin.evidence_field import EvidenceField
from integrations.admin.set_up_forms import StepForm
from integrations.exact.review import LABELS, QUESTIONS, AnswerKind, Question, asks_local, local_language
from integrations.rules.review_form import LONGEST, MOST_THIRD_PARTIES, Answer, Contact, Form, ThirdParty

PARTS: Final = ("answer", "explanation", "evidence", "valid_until")
"""Of the answer to one question."""
PARTY: Final = {
    "name": "Name",
    "purpose_local": "Purpose, in {language}",
    "purpose_english": "Purpose, in English",
    "data_local": "Which data, in {language}",
    "data_english": "Which data, in English",
}
CONTACT: Final = {"first_name": "First name", "last_name": "Last name", "phone": "Phone", "email": "E-mail"}
SPARE: Final = 2
"""Empty rows for further third parties."""
BESIDE: Final = frozenset({"csrfmiddlewaretoken", "insert"})
_ROW: Final = re.compile(r"party-(\d{1,2})-", re.ASCII)


class LinesField(forms.CharField):
    """Text of several lines, with line ends as they are counted and sent: a browser adds a character to each."""

    def __init__(self, *, label: str, rows: int = 2, longest: int = LONGEST, **kwargs: Any) -> None:
        widget = forms.Textarea(attrs={"rows": rows})
        super().__init__(label=label, required=False, max_length=longest, widget=widget, **kwargs)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Let the browser take more than fits: it would cut off what is pasted, and say nothing."""
        return {}

    def to_python(self, value: Any) -> str:
        text = str(super().to_python(value))
        return text.replace("\r\n", "\n").replace("\r", "\n")


class DayField(forms.DateField):
    """A day, by the browser's own calendar."""

    def __init__(self, *, label: str, required: bool = False, **kwargs: Any) -> None:
        widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
        super().__init__(
            label=label,
            required=required,
            widget=widget,
            error_messages={"invalid": "Enter a day.", "required": "Enter the day."},
            **kwargs,
        )


class DraftForm(StepForm):
    """The whole of it, with the fields that the form of the app's region has."""

    version = SeenField()

    def __init__(self, data: QueryDict | None, *, form: Form, version: int, region: str) -> None:
        self.stored = form
        self.language = local_language(region)
        self.is_bilingual = asks_local(region)
        self.rows = _rows(data, stored=len(form.third_parties))
        super().__init__(data, initial={"version": version, **filled(form)})
        self._add_purpose()
        for question in QUESTIONS:
            self._add_question(question)
        for row in self.rows:
            self._add_party(row)
        for name, label in CONTACT.items():
            self.fields[f"contact-{name}"] = forms.CharField(label=label, required=False, max_length=LONGEST)
        self.fields["terms"] = forms.BooleanField(label="We have read Exact's terms and accept them", required=False)
        if data is not None and not (self.fields.keys() | BESIDE).issuperset(data):
            raise SuspiciousOperation("The form of the review has no such field.")

    # --- Its fields -----------------------------------------------------------------------------------------

    def _add_purpose(self) -> None:
        if self.is_bilingual:
            self.fields["purpose_local"] = LinesField(label=f"Purpose, in {self.language}")
        self.fields["purpose_english"] = LinesField(label="Purpose, in English" if self.is_bilingual else "Purpose")

    def _add_question(self, question: Question) -> None:
        number = question.number
        self.fields[f"answer-{number}"] = forms.ChoiceField(
            label=question.asks,
            choices=[("", "Not answered yet"), *((str(kind), LABELS[kind]) for kind in question.choices)],
            required=False,
            widget=forms.RadioSelect,
            error_messages={"invalid_choice": "Choose one of the answers."},
        )
        self.fields[f"explanation-{number}"] = LinesField(label="Explanation", rows=3)
        self.fields[f"evidence-{number}"] = EvidenceField()
        self.fields[f"valid_until-{number}"] = DayField(label="Evidence valid until")

    def _add_party(self, row: int) -> None:
        for name in self._party_names():
            label = PARTY[name].format(language=self.language) if self.is_bilingual else PARTY[name].partition(",")[0]
            plain = forms.CharField(label=label, required=False, max_length=LONGEST)
            self.fields[f"party-{row}-{name}"] = plain if name == "name" else LinesField(label=label)
        self.fields[f"party-{row}-remove"] = forms.BooleanField(label="Remove this third party", required=False)

    def _party_names(self) -> list[str]:
        return [name for name in PARTY if self.is_bilingual or not name.endswith("_local")]

    # --- What was typed -------------------------------------------------------------------------------------

    def typed(self) -> Form:
        """Return what was filled in; what this form does not ask stays as it is stored."""
        found = self.cleaned_data
        return Form(
            purpose_local=found.get("purpose_local", self.stored.purpose_local),
            purpose_english=found["purpose_english"],
            answers={question.number: self._answer(question.number) for question in QUESTIONS},
            third_parties=tuple(self._parties()),
            contact=Contact(**{name: found[f"contact-{name}"] for name in CONTACT}),
            terms=found["terms"],
        )

    def _answer(self, number: int) -> Answer:
        found = {name: self.cleaned_data[f"{name}-{number}"] for name in PARTS}
        return Answer(**{**found, "answer": AnswerKind(found["answer"]) if found["answer"] else None})

    def _parties(self) -> Iterator[ThirdParty]:
        for row in self.rows:
            values = {name: self.cleaned_data.get(f"party-{row}-{name}", "") for name in PARTY}
            if any(values.values()) and not self.cleaned_data[f"party-{row}-remove"]:
                yield ThirdParty(**values)

    # --- What the template shows ----------------------------------------------------------------------------

    def questions(self) -> Iterator[dict[str, Any]]:
        """Yield the fields of each question; one that Exact asks only after a Yes is ``closed`` until then."""
        for question in QUESTIONS:
            fields = {name: self[f"{name}-{question.number}"] for name in PARTS}
            answers = [radio.data for radio in fields["answer"].subwidgets]
            is_blank = not any(_given(field) for field in fields.values())
            yield {"question": question, "number": question.number, **fields, "answers": answers, "is_blank": is_blank}

    def parties(self) -> Iterator[dict[str, Any]]:
        for row in self.rows:
            fields = [self[f"party-{row}-{name}"] for name in self._party_names()]
            is_spare = not any(_given(field) for field in fields)
            yield {"number": row + 1, "fields": fields, "remove": self[f"party-{row}-remove"], "is_spare": is_spare}

    def contact(self) -> list[BoundField]:
        return [self[f"contact-{name}"] for name in CONTACT]


def filled(form: Form) -> dict[str, Any]:
    """Return a form as the values of the fields."""
    found: dict[str, Any] = {
        "purpose_local": form.purpose_local,
        "purpose_english": form.purpose_english,
        "terms": form.terms,
    }
    for number, answer in form.answers.items():
        found |= {f"{name}-{number}": getattr(answer, name) for name in PARTS}
    for row, party in enumerate(form.third_parties):
        found |= {f"party-{row}-{name}": getattr(party, name) for name in PARTY}
    return found | {f"contact-{name}": getattr(form.contact, name) for name in CONTACT}


def with_answer(form: Form, number: int, **parts: Any) -> Form:
    """Return the form with parts of one answer exchanged."""
    return replace(form, answers={**form.answers, number: replace(form.answers[number], **parts)})


def _given(field: BoundField) -> bool:
    return bool(field.value() or field.errors)


def _rows(data: Mapping[str, Any] | None, *, stored: int) -> range:
    """Return the rows of third parties: as many as were sent, or those that are stored and some to spare."""
    if data is None:
        return range(min(stored + SPARE, MOST_THIRD_PARTIES))
    numbers = [int(found[1]) for name in data if (found := _ROW.match(name))]
    return range(min(max(numbers, default=-1) + 1, MOST_THIRD_PARTIES))
