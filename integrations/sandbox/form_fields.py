"""The form as a browser sends it, and as a page shows it."""

from collections.abc import Mapping
from typing import Any

from werkzeug.datastructures import ImmutableMultiDict

from integrations.sandbox import form as forms
from integrations.sandbox.config import Config
from integrations.sandbox.form import Answer, Contact, Form, ThirdParty
from integrations.sandbox.languages import WORDS

Posted = ImmutableMultiDict[str, str]
PARTY = ("name", "purpose_local", "purpose_english", "data_local", "data_english")
CONTACT = {"first_name": "First name", "last_name": "Last name", "phone": "Phone", "email": "E-mail"}
BLANK_PARTIES = 2


def read(posted: Posted) -> Form:
    """What was typed, right or wrong: `form.faults` judges it. Answers to questions not asked are left out."""
    typed = Form(
        purpose_local=_line(posted, "purpose_local"),
        purpose_english=_line(posted, "purpose_english"),
        scopes=_scopes(posted),
        answers={question.number: _answer(posted, question.number) for question in forms.QUESTIONS},
        third_parties=_parties(posted),
        contact=Contact(**{name: _line(posted, name) for name in CONTACT}),
        terms=posted.get("terms") == "on",
    )
    kept = {question.number: typed.answers[question.number] for question in forms.asked(typed)}
    return Form(**{**vars(typed), "answers": {number: one for number, one in kept.items() if one != Answer()}})


def shown(form: Form, config: Config, faults: Mapping[str, str]) -> dict[str, Any]:
    """The form for a template, with what is wrong beside each field."""
    return {
        "form": form,
        "english_too": config.asks_english_too,
        "language": _language(config),
        "words": WORDS.get(config.language),
        "longest": forms.PURPOSE_LONGEST,
        "line_longest": forms.LINE_LONGEST,
        "text_longest": forms.TEXT_LONGEST,
        "levels": forms.LEVELS,
        "purposes": _purposes(form, config, faults),
        "groups": [{"name": name, "rows": _rows(name, names, form)} for name, names in forms.GROUPS.items()],
        "questions": [_question(question, form, faults) for question in forms.QUESTIONS],
        "parties": [*form.third_parties, *[ThirdParty()] * BLANK_PARTIES][: max(forms.MOST_PARTIES, BLANK_PARTIES)],
        "contact": [(name, label, getattr(form.contact, name)) for name, label in CONTACT.items()],
        "faults": faults,
    }


def _language(config: Config) -> str:
    return config.language or "local language"


def _purposes(form: Form, config: Config, faults: Mapping[str, str]) -> list[dict[str, str]]:
    rows = [{"name": "purpose_local", "label": f"Purpose ({_language(config)})", "text": form.purpose_local}]
    if config.asks_english_too:
        rows.append({"name": "purpose_english", "label": "Purpose (English)", "text": form.purpose_english})
    return [{**row, "problem": faults.get(row["name"], "")} for row in rows]


def _rows(group: str, names: tuple[str, ...], form: Form) -> list[dict[str, str]]:
    scopes = {f"{group}.{name}".lower(): name for name in names}
    return [
        {"scope": scope, "name": name, "level": form.scopes.get(scope, forms.NONE)} for scope, name in scopes.items()
    ]


def _question(question: forms.Question, form: Form, faults: Mapping[str, str]) -> dict[str, Any]:
    answer = form.answers.get(question.number, Answer())
    return {
        "question": question,
        "choices": question.choices.items(),
        "choice": answer.choice,
        "said": forms.ANSWERS.get(answer.choice, "Not answered"),
        "explanation": answer.explanation,
        "problem": faults.get(f"answer-{question.number}", ""),
        "asked": question in list(forms.asked(form)),
    }


def _scopes(posted: Posted) -> dict[str, str]:
    """A scope that is sent twice keeps both levels, which is no level."""
    levels = {name: ", ".join(posted.getlist(name)) for name in posted if "." in name}
    return {name: level for name, level in levels.items() if level != forms.NONE}


def _answer(posted: Posted, number: int) -> Answer:
    return Answer(posted.get(f"answer-{number}", ""), _text(posted.get(f"explanation-{number}", "")))


def _parties(posted: Posted) -> tuple[ThirdParty, ...]:
    """Rows as wide as the widest column: a crafted form may send columns of different lengths."""
    columns = {name: [_text(text) for text in posted.getlist(f"party_{name}")] for name in PARTY}
    rows = max((len(column) for column in columns.values()), default=0)
    found = [
        ThirdParty(**{name: column[row] if row < len(column) else "" for name, column in columns.items()})
        for row in range(rows)
    ]
    return tuple(party for party in found if party != ThirdParty())


def _line(posted: Posted, name: str) -> str:
    return " ".join(posted.get(name, "").split())


def _text(text: str) -> str:
    return text.replace("\r\n", "\n").strip()
