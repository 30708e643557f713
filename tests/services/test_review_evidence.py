"""The evidence of a round: everything in one ZIP, and no secret."""

import csv
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace

import pytest
from django.utils import timezone

from integrations.models import Application, AuditEvent, Review
from integrations.rules import review_form, submissions
from integrations.services import review_evidence, reviewer_questions
from tests.conftest import SECRET, SOMEBODY
from tests.reviews import FILLED, drafted, taken, with_answer

pytestmark = pytest.mark.django_db
MakeApp = Callable[..., Application]


def files(review: Review) -> dict[str, str]:
    packed = review_evidence.pack(review, by=SOMEBODY)
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.testzip() is None
        return {entry: archive.read(entry).decode() for entry in archive.namelist()}


@pytest.fixture
def decided(make_app: MakeApp) -> Review:
    app = make_app()
    review = taken(drafted(app), "submit")
    today = timezone.localdate()
    reviewer_questions.ask(review, "Which <cloud>?", by=SOMEBODY, asked_on=today, answer="Cloud.", answered_on=today)
    taken(review, "reject", concerned=["answer-4"])
    return taken(drafted(app), "submit", "begin", "approve", evidence="https://www.exact.example/letter")


def test_it_holds_answers_evidence_scopes_findings_history_and_the_hash(decided: Review) -> None:
    packed = files(decided)
    assert list(packed) == ["review.html", "review.json", "scopes.csv", "answers.csv"]
    document = json.loads(packed["review.json"])
    assert document["submission"] == decided.submitted
    assert submissions.digest_of(document["submission"]) == document["sha256"] == decided.submitted_hash
    assert [step["step"] for step in document["history"]] == ["submit", "reject", "submit", "begin", "approve"]
    assert document["concerned"] == ["answer-4"]
    assert {finding["code"] for finding in document["findings"]} >= {"scopes.read_only"}
    for said in (
        decided.submitted_hash, "https://www.meridian.example/iso", "We use crm.accounts.", "Answer 4 is too short.",
        "https://www.exact.example/letter", FILLED.purpose_local, "scopes.read_only", "Cloud BV", "Question 4",
    ):  # fmt: skip
        assert said in packed["review.html"], said


def test_questions_of_the_reviewers_are_in_it_and_escaped(decided: Review) -> None:
    packed = files(decided.application.reviews.get(number=1))
    assert "Which &lt;cloud&gt;?" in packed["review.html"]
    assert json.loads(packed["review.json"])["questions"][0]["answer"] == "Cloud."


def test_the_page_stands_on_its_own(decided: Review) -> None:
    page = files(decided)["review.html"]
    for outside in ("<script", "<link", "src=", "@import", "url("):
        assert outside not in page


def test_times_read_as_people_write_them(decided: Review) -> None:
    packed = files(decided)
    last = json.loads(packed["review.json"])["history"][-1]["recorded_at"]
    assert f"<td>{last[:10]} {last[11:16]} UTC by" in packed["review.html"]
    assert "+00:00" not in packed["review.html"]


def test_no_secret_is_in_it_and_the_client_id_is(decided: Review) -> None:
    packed = files(decided)
    assert all(SECRET not in text and "v1." not in text for text in packed.values())
    assert str(decided.application.client_id) in packed["review.json"]


def test_of_a_draft_it_says_that_nothing_was_submitted(make_app: MakeApp) -> None:
    packed = files(drafted(make_app()))
    document = json.loads(packed["review.json"])
    assert (document["frozen"], document["history"]) == (False, [])
    assert submissions.digest_of(document["submission"]) == document["sha256"]
    assert "A draft" in packed["review.html"]


def test_cells_are_safe_in_a_spreadsheet_and_only_web_addresses_are_links(make_app: MakeApp) -> None:
    form = replace(with_answer(4, explanation="=1+1", evidence="javascript:alert(1)"), purpose_english="-x")
    review = drafted(make_app())
    Review.objects.update(form=review_form.write(form))  # as no service would store it
    review.refresh_from_db()
    packed = files(review)
    rows = list(csv.DictReader(io.StringIO(packed["answers.csv"])))
    assert len(rows) == 12
    assert rows[3]["explanation"] == "'=1+1"
    assert 'href="javascript' not in packed["review.html"]
    assert "javascript:alert(1)" in packed["review.html"]


def test_a_round_of_the_united_kingdom_has_one_language(make_app: MakeApp) -> None:
    page = files(drafted(make_app(region="uk")))["review.html"]
    assert "Dutch" not in page
    assert FILLED.purpose_english in page


def test_the_name_is_the_same_for_the_same_round_and_packing_is_an_event(decided: Review) -> None:
    assert review_evidence.name(decided) == "review-meridian-bookings-round-2.zip"
    files(decided)
    (event,) = AuditEvent.objects.filter(action="review.packed")
    assert event.details == {"round": 2}


def test_the_same_evidence_gives_the_same_bytes(decided: Review, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: moment)
    one, other = (review_evidence.pack(decided, by=SOMEBODY) for _ in range(2))
    assert one == other
