"""What is wrong, or may be, with a round of the review before it goes to Exact.

An *error* keeps it from being recorded as submitted; a *warning* is likely to be asked about; a *note* is worth
knowing. Nothing keeps a draft from being saved. Codes are stable: scripts and tests rely on them.
No text repeats what was typed of a person: events keep the texts of refusals.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Final

from integrations.exact import review
from integrations.exact.review import PURPOSE_LONGEST, QUESTIONS, AnswerKind, length
from integrations.rules import editions, review_form
from integrations.rules.keys import LINE_BREAKS
from integrations.rules.lint import Severity, telling_words
from integrations.rules.names import NOT_TEXT
from integrations.rules.redirects import is_public
from integrations.rules.review_form import LABELS, Answer, Form, ThirdParty
from integrations.rules.scope_traps import traps
from integrations.rules.spreadsheets import STARTS
from integrations.rules.submissions import Submission

ORGANIZATION: Final = "organization"
"""Beside the parts of the form: what is mended under Portal, Organization."""
SOON: Final = timedelta(days=60)
"""Evidence that expires within it may be over before Exact looks at it."""
_UNSEEN: Final = NOT_TEXT | {"Cf"}
"""Control and format signs, among them the marks that turn text round, by Unicode's category."""
_MEANT: Final = f"{LINE_BREAKS}\t\u200c\u200d"
"""Of these: what has a place in a text, and what joins the parts of an emoji or of a script."""
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_PHONE: Final = re.compile(r"\+?[0-9 ()./-]+")
_DIGITS: Final = range(7, 16)
"""Of a telephone number, with its country (ITU-T E.164 has fifteen at most)."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing about a round: what is seen, and what to do about it."""

    code: str
    severity: Severity
    text: str
    field: str
    """The part of the form, as in ``review_form.FIELDS``, or ``ORGANIZATION``."""


def lint(submission: Submission, *, today: date) -> tuple[Finding, ...]:
    """Return every finding about a round as it was filled in: errors first, then in the order of the form."""
    found = [
        *_app(submission),
        *_purposes(submission),
        *_signs(submission.form),
        *_scopes(submission),
        *_answers(submission, today),
        *_third_parties(submission),
        *_contact(submission.form),
        *_terms(submission.form),
    ]
    return tuple(sorted(found, key=lambda finding: list(Severity).index(finding.severity)))


def errors(submission: Submission, *, today: date) -> tuple[str, ...]:
    """Return in words what keeps it from being submitted."""
    return tuple(one.text for one in lint(submission, today=today) if one.severity is Severity.ERROR)


def _error(code: str, text: str, field: str) -> Finding:
    return Finding(code, Severity.ERROR, text, field)


def _warning(code: str, text: str, field: str) -> Finding:
    return Finding(code, Severity.WARNING, text, field)


def _note(code: str, text: str, field: str) -> Finding:
    return Finding(code, Severity.NOTE, text, field)


# --- The app and ourselves --------------------------------------------------------------------------------------


def _app(submission: Submission) -> Iterator[Finding]:
    if not submission.client_id:
        text = "The app has no Client ID yet. Register it at Exact, and save its Client ID: the form belongs to it."
        yield _error("app.client_id_missing", text, "app")
    if not submission.registered_redirect_url:
        yield _warning(
            "app.redirect_not_recorded",
            "Nobody wrote down which Redirect URL stands at Exact. Record it on the app's pages, to have it compared.",
            "app",
        )
    elif submission.registered_redirect_url != submission.redirect_url:
        text = "The Redirect URL at Exact is not the one that the portal sends: nobody could connect after approval."
        yield _warning("app.redirect_differs", text, "app")
    if not submission.organization:
        text = "The organization has no name here yet. Fill it in under Portal, Organization."
        yield _note("organization.unnamed", text, ORGANIZATION)
    says_policy = submission.form.answers[1].answer is AnswerKind.YES
    if says_policy and not submission.privacy_policy_url and not submission.form.answers[1].evidence.strip():
        yield _warning(
            "organization.no_privacy_policy",
            "Question 1 says that there is a public privacy policy, and its address is written down nowhere. Fill it "
            "in under Portal, Organization, or as the evidence of question 1.",
            ORGANIZATION,
        )


# --- Purpose ----------------------------------------------------------------------------------------------------


def _purposes(submission: Submission) -> Iterator[Finding]:
    form, local = submission.form, review.asks_local(submission.region)
    if local:
        yield from _purpose("purpose_local", form.purpose_local, review.local_language(submission.region))
    yield from _purpose("purpose_english", form.purpose_english, review.ENGLISH)
    same = form.purpose_local.strip().casefold() == form.purpose_english.strip().casefold()
    if local and same and form.purpose_english.strip():
        language = review.local_language(submission.region)
        text = (
            f"The purpose is the same in both fields. Write it in {language} in the first and in English in the other."
        )
        yield _warning("purpose.same", text, "purpose_local")
    if not local and form.purpose_local.strip():
        text = "Exact's form here has one purpose, in English. What stands in the other one goes nowhere."
        yield _note("purpose.not_asked", text, "purpose_local")
    telling = telling_words(submission.organization)
    said = telling_words(f"{form.purpose_local} {form.purpose_english}")
    if form.purpose_english.strip() and telling and not telling & said:
        yield _note(
            "purpose.not_ours",
            f"The purpose does not name {submission.organization}. Customers read it while they connect, and it may "
            "help them to say whom it is.",
            "purpose_english",
        )


def _purpose(key: str, text: str, language: str) -> Iterator[Finding]:
    where = f"The purpose in {language}"
    if not text.strip():
        yield _error("purpose.missing", f"{where} is missing.", key)
        return
    count = length(text)
    if count > PURPOSE_LONGEST:
        emoji = " Exact counts most emoji as two." if count != len(text) else ""
        yield _error("purpose.too_long", f"{where} has {count} of {PURPOSE_LONGEST} characters.{emoji}", key)
    elif count != len(text):
        yield _warning(
            "purpose.emoji",
            f"{where} holds an emoji or a rare sign, which Exact counts as two characters and may not show. "
            "Use plain letters.",
            key,
        )
    if any(char in LINE_BREAKS for char in text.strip()):
        yield _error("purpose.line_breaks", f"{where} has a line break. Exact's field has one line: join them.", key)
    if text.lstrip().startswith(STARTS):
        yield _error(
            "purpose.formula",
            f"{where} begins with “{text.lstrip()[0]}”, which a spreadsheet takes for a formula. Begin with a word.",
            key,
        )


def _signs(form: Form) -> Iterator[Finding]:
    """Look at every text: what turns others round, or is seen nowhere, would be refused, or read as something else."""
    for key, label, text in review_form.texts(form):
        if any(_is_hidden(char) for char in text):
            yield _error(
                "text.hidden_sign",
                f"{label}: it holds an invisible sign, which may turn text round or hide what it says. "
                "Type it anew, without pasting.",
                key,
            )


def _is_hidden(char: str) -> bool:
    return unicodedata.category(char) in _UNSEEN and char not in _MEANT


# --- Scopes -----------------------------------------------------------------------------------------------------


def _scopes(submission: Submission) -> Iterator[Finding]:
    if not submission.scopes:
        yield _error("scopes.none", "No scope is selected. Select on the tab Scopes what the app needs.", "scopes")
        return
    without = [scope for scope in submission.scopes if not submission.reasons.get(scope, "").strip()]
    if without:
        text = f"No reason is written down for {', '.join(without)}. Say for each what the app needs it for."
        yield _error("scopes.without_reason", text, "scopes")
    for trap in traps(submission.scopes):
        yield _warning(trap.code, trap.text, "scopes")
    beyond = min((editions.compare(submission.scopes, one).beyond for one in editions.EDITIONS), key=len)
    if beyond:  # more than the nearest is more than any
        names = ", ".join(f"{one.scope} at {one.has.capitalize()}" for one in beyond)
        text = f"More than any recommended list: {names}. Exact may ask why."
        yield _note("scopes.beyond_recommended", text, "scopes")


# --- Questions --------------------------------------------------------------------------------------------------


def _answers(submission: Submission, today: date) -> Iterator[Finding]:
    asked = review_form.open_questions(submission.form)
    for question in QUESTIONS:
        answer = submission.form.answers[question.number]
        if question.number in asked:
            yield from _answer(question.number, answer, today)
        elif answer.answer:
            yield _warning(
                "answer.not_asked",
                f"Question {question.number} is answered, and Exact asks it only where question "
                f"{question.opened_by} is answered Yes. This answer goes nowhere.",
                f"answer-{question.number}",
            )


def _answer(number: int, answer: Answer, today: date) -> Iterator[Finding]:
    key, label = f"answer-{number}", LABELS[f"answer-{number}"]
    if answer.answer is None:
        yield _error("answer.missing", f"{label} is not answered.", key)
        return
    if answer.answer is AnswerKind.NO and number != 9:
        text = f"{label} is answered No: expect Exact to ask about it, or to reject the round."
        yield _warning("answer.no", text, key)
    if not answer.explanation.strip():
        yield _error("answer.not_explained", f"{label} has no explanation. The form wants a short one.", key)
    if "(its name)" in answer.explanation:
        text = f"{label}: the suggested explanation still says “(its name)”. Put the name of yours there."
        yield _error("answer.placeholder", text, key)
    if answer.answer is AnswerKind.YES and number == 12 and not answer.evidence.strip():
        text = "Question 12 says that there is a statement, and no evidence leads to it. Exact wants it attached."
        yield _warning("evidence.missing", text, key)
    yield from _evidence(answer, key, label, today)


def _evidence(answer: Answer, key: str, label: str, today: date) -> Iterator[Finding]:
    link = answer.evidence.strip()
    if link and (not link.startswith("https://") or not is_public(link) or any(char.isspace() for char in link)):
        text = f"{label}: the evidence is no https address that the whole internet can open."
        yield _warning("evidence.not_https", text, key)
    if answer.valid_until is None:
        return
    day = answer.valid_until.isoformat()
    if answer.valid_until < today:
        yield _error("evidence.expired", f"{label}: the evidence expired on {day}. Renew it, or take it out.", key)
    elif answer.valid_until <= today + SOON:
        yield _warning("evidence.expires_soon", f"{label}: the evidence expires soon, on {day}.", key)


# --- Third parties, contact, terms ------------------------------------------------------------------------------


def _third_parties(submission: Submission) -> Iterator[Finding]:
    form, local = submission.form, review.asks_local(submission.region)
    for place, party in enumerate(form.third_parties, start=1):
        missing = [name.replace("_", " ") for name in _wanted(party, local=local) if not getattr(party, name).strip()]
        if missing:
            text = f"Third party {place} lacks: {', '.join(missing)}."
            yield _error("third_party.incomplete", text, "third_parties")
    names = [party.name.strip().casefold() for party in form.third_parties if party.name.strip()]
    if len(set(names)) < len(names):
        yield _warning("third_party.twice", "A third party is named twice.", "third_parties")
    if not form.third_parties and "third party" in form.answers[4].explanation.casefold():
        yield _note(
            "third_party.none_named",
            "The explanation of question 4 speaks of a third party, and none is named among the connections.",
            "third_parties",
        )


def _wanted(party: ThirdParty, *, local: bool) -> list[str]:
    return [name for name in asdict(party) if local or not name.endswith("_local")]


def _contact(form: Form) -> Iterator[Finding]:
    values = asdict(form.contact)
    missing = [name.replace("_", " ").replace("email", "e-mail") for name, text in values.items() if not text.strip()]
    if missing:
        yield _error("contact.incomplete", f"The contact lacks: {', '.join(missing)}.", "contact")
    email, phone = form.contact.email.strip(), form.contact.phone.strip()
    if email and not _EMAIL.fullmatch(email):
        yield _error("contact.email", "The contact's e-mail is no e-mail address.", "contact")
    digits = sum(char in "0123456789" for char in phone)
    if phone and (not _PHONE.fullmatch(phone) or digits not in _DIGITS):
        text = "The contact's phone is no telephone number. An example: +31 20 123 45 67."
        yield _error("contact.phone", text, "contact")


def _terms(form: Form) -> Iterator[Finding]:
    if not form.terms:
        yield _error("terms.not_accepted", "The terms are not accepted. Read them at Exact, then say so here.", "terms")
