"""The review in a real browser: filled in by the keyboard, counted while it is typed, copied by one click."""

import json
from collections.abc import Callable
from typing import Final

import pytest
from playwright.sync_api import Page, expect

from tests.browser import checks
from tests.browser.running import Portal

APPS: Final = "/admin/integrations/application/"
EMOJI: Final = "\N{GRINNING FACE}"
FURNISH: Final = """
import json
from datetime import timedelta
from django.utils import timezone
from uuid import uuid4
from integrations.models import Application, LibraryAnswer
from integrations.services import answers, applications, reviewer_questions
from tests.conftest import SOMEBODY
from tests.reviews import drafted, taken
made = {}
for name in ("none", "draft", "waiting", "rejected", "approved", "testing", "filled"):
    kind = "testing" if name == "testing" else "product"
    region = "uk" if name == "draft" else "nl"
    app = Application(region=region, kind=kind, name=f"Meridian {name}", client_id=str(uuid4()))
    made[name] = applications.add(app, by=SOMEBODY)
long_ago = timezone.localdate() - timedelta(days=9)
from integrations.services import reviews
reviews.begin(made["draft"], by=SOMEBODY)
for name in ("waiting", "rejected", "approved", "filled"):
    review = drafted(made[name])
    if name != "filled":
        taken(review, "submit", on=long_ago)
        asked = reviewer_questions.ask(review, "Where is the data kept? " + "W" * 90, by=SOMEBODY, asked_on=long_ago)
for name, code in (("rejected", "reject"), ("approved", "approve")):
    more = {"concerned": ["purpose_english", "answer-10"]} if code == "reject" else {}
    taken(reviews.newest(made[name]), code, **more)
soon = timezone.localdate() + timedelta(days=9)
row = LibraryAnswer(number=4, name="Encryption", answer="yes", explanation="TLS 1.3.", valid_until=soon)
answers.add(row, by=SOMEBODY)
expired = {"valid_until": long_ago, "evidence": "https://iso.example/" + "x" * 90}
row = LibraryAnswer(number=12, name="ISO " * 20, answer="yes", **expired)
answers.add(row, by=SOMEBODY)
print(json.dumps({**{name: f"{app.pk}" for name, app in made.items()}, "answer": f"answers/{row.pk}"}))
"""


@pytest.fixture(scope="module")
def made(portal: Portal) -> dict[str, str]:
    """Where the pages of the apps are, one for each way in which a review can stand."""
    done = portal.manage("shell", "-v0", "--command", FURNISH)
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return {name: f"{APPS}{place}/" for name, place in found.items()}


ADDRESSES: Final = {
    "none": "{none}review/",
    "a testing app": "{testing}review/",
    "a blank draft": "{draft}review/",
    "a blank form": "{draft}review/1/form/",
    "not to be submitted yet": "{draft}review/1/step/submit/",
    "a form, filled": "{filled}review/1/form/",
    "to be submitted": "{filled}review/1/step/submit/",
    "copy": "{filled}review/1/copy/",
    "copy of nothing": "{draft}review/1/copy/",
    "preview": "{filled}review/1/preview/",
    "with Exact": "{waiting}review/",
    "to be rejected": "{waiting}review/1/step/reject/",
    "questions": "{waiting}review/1/questions/",
    "questions of a draft": "{filled}review/1/questions/",
    "rejected": "{rejected}review/",
    "a round that was rejected": "{rejected}review/1/",
    "a form after a rejection": "{rejected}review/2/form/",
    "two rounds": "{rejected}review/compare/",
    "approved": "{approved}review/",
    "answers": f"{APPS}answers/",
    "answer to keep": f"{APPS}answers/add/",
    "answer": "{answer}",
    "answer to delete": "{answer}delete/",
}


def _refused(page: Page, made: dict[str, str]) -> None:
    page.goto(f"{made['filled']}review/1/form/")
    page.locator("#id_evidence-4").fill("nowhere at all")
    page.get_by_role("button", name="Save the draft").first.click()
    expect(page.locator(".field-error")).to_be_visible()


def _conflict(page: Page, made: dict[str, str]) -> None:
    page.goto(f"{made['filled']}review/1/form/")
    other = page.context.new_page()
    other.goto(page.url)
    field = other.locator("#id_purpose_english")
    field.fill(f"{field.input_value().rstrip('.')}, always")
    other.get_by_role("button", name="Save the draft").first.click()
    expect(other.get_by_role("status")).to_be_visible()
    other.close()
    page.locator("#id_purpose_english").fill("Another purpose.")
    page.get_by_role("button", name="Save the draft").first.click()
    expect(page.get_by_role("alert", name="Somebody changed it meanwhile")).to_be_visible()


def _at(address: str) -> Callable[[Page, dict[str, str]], None]:
    def go(page: Page, made: dict[str, str]) -> None:
        answer = page.goto(address.format_map(made))
        assert answer is not None
        assert answer.status == 200

    return go


PAGES: Final[dict[str, Callable[[Page, dict[str, str]], None]]] = {
    **{name: _at(address) for name, address in ADDRESSES.items()},
    "a form, refused": _refused,
    "a form, in two tabs": _conflict,
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_passes_every_check(open_page: Callable[..., Page], made: dict[str, str], name: str) -> None:
    page = open_page(bypass_csp=True, viewport=checks.WIDE)  # axe sets styles that the policy forbids
    PAGES[name](page, made)
    page.locator("main details").evaluate_all("all => all.forEach((each) => { each.open = true; })")
    assert checks.keyboard(page) == []
    assert checks.violations(page) == []
    assert checks.sideways(page) == []
    assert checks.headings(page) == []


# --- What the script adds -----------------------------------------------------------------------------------


@pytest.fixture
def form(page: Page, portal: Portal) -> Page:
    """The blank form of an app of its own."""
    made = portal.add_app("--region", "nl", "--kind", "product", "--name", f"Meridian {id(page)}")
    page.goto(f"{APPS}{made['id']}/review/")
    page.get_by_role("button", name="Begin the first round").click()
    expect(page.get_by_role("heading", level=2, name="The form")).to_be_visible()
    return page


def test_a_purpose_is_counted_while_it_is_typed_as_exact_counts(form: Page) -> None:
    counter = form.locator("[data-counts=id_purpose_english]")
    expect(counter).to_have_text("0 of 140")
    form.locator("#id_purpose_english").fill(EMOJI * 70)
    expect(counter).to_have_text("140 of 140")
    form.locator("#id_purpose_english").press_sequentially("x")
    expect(counter).to_have_text("141 of 140")
    expect(counter).to_have_class("counter counter-over")


def test_three_questions_open_with_a_yes_and_close_without_losing_what_was_typed(form: Page) -> None:
    opened = form.locator("#field-answer-10, #field-answer-11, #field-answer-12")
    for each in opened.all():
        expect(each).to_be_hidden()
    form.locator("#field-answer-9").get_by_label("Yes").check()
    for each in opened.all():
        expect(each).to_be_visible()
    form.locator("#id_explanation-11").fill("Guards.")
    form.locator("#field-answer-9").get_by_label("No", exact=True).check()
    expect(opened.first).to_be_hidden()
    form.get_by_role("button", name="Save the draft").first.click()
    expect(form.locator("#id_explanation-11")).to_have_value("Guards.")


def test_a_suggested_answer_is_used_by_the_keyboard_alone(form: Page) -> None:
    form.locator("#id_explanation-1").fill("Typed before.")
    form.locator("#field-answer-5 summary").focus()
    form.keyboard.press("Enter")
    form.keyboard.press("Tab")
    form.keyboard.press("Enter")
    expect(form.locator("#id_explanation-5")).to_have_value(
        "Integration tests, developer tests and quality assurance are part of continuous delivery; a release can be "
        "rolled back immediately."
    )
    expect(form.locator("#field-answer-5").get_by_label("Yes")).to_be_checked()
    expect(form.locator("#id_explanation-1")).to_have_value("Typed before.")
    expect(form.locator("#field-answer-5")).to_be_in_viewport()


def test_enter_in_a_field_saves_and_inserts_nothing(form: Page) -> None:
    form.get_by_label("First name").fill("Anna")
    form.get_by_label("First name").press("Enter")
    expect(form.get_by_role("status")).to_contain_text("The draft is saved.")
    expect(form.get_by_label("First name")).to_have_value("Anna")
    expect(form.locator("#id_explanation-4")).to_have_value("")


def test_each_text_is_copied_whole_by_one_click(page: Page, made: dict[str, str]) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{made['rejected']}review/1/copy/")
    page.get_by_role("button", name="Copy Purpose, in Dutch").click()
    expect(page.get_by_role("button", name="Copied Purpose, in Dutch")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == "Meridian boekt verkooporders en facturen van zijn klanten."


def test_the_evidence_is_a_file_to_keep(page: Page, made: dict[str, str]) -> None:
    page.goto(f"{made['rejected']}review/1/")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the evidence").click()
    assert download.value.suggested_filename.endswith("-round-1.zip")


def test_without_scripts_the_form_is_filled_in_and_saved(open_page: Callable[..., Page], made: dict[str, str]) -> None:
    page = open_page(java_script_enabled=False)
    page.goto(f"{made['draft']}review/1/form/")
    page.locator("#id_purpose_english").fill("Bookings.")
    page.get_by_role("button", name="Save the draft").first.click()
    expect(page.locator("#id_purpose_english")).to_have_value("Bookings.")
    expect(page.locator("[data-counts]")).to_have_text("9 of 140")
