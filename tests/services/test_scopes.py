"""Scopes of an app: chosen, adopted, taken back; what was sent; what nobody may do."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from integrations.exact.scopes import Level
from integrations.models import Application, AuditEvent, Review, ScopeSelection, User
from integrations.rules import moments
from integrations.rules.actors import Actor
from integrations.rules.editions import ARTICLE, BANK_FEEDS
from integrations.services import applications, scopes
from integrations.services.refusals import Conflict, Refused
from integrations.services.rights import NotPermitted
from tests.conftest import SOMEBODY

pytestmark = pytest.mark.django_db
MakeApp = Callable[..., Application]
READ, MANAGE = Level.READ, Level.MANAGE


@pytest.fixture
def app(make_app: MakeApp) -> Application:
    return make_app(secret=None)


def choose(app: Application, *pairs: tuple[str, str], **more: Any) -> scopes.Changed:
    return scopes.select(app, pairs, by=SOMEBODY, **more)


def events(app: Application, action: str = "scopes.selected") -> list[AuditEvent]:
    return list(AuditEvent.objects.about(app).filter(action=action))


def test_before_anybody_chose_nothing_is_selected_and_nothing_submitted(app: Application) -> None:
    assert (scopes.selected(app), scopes.reasons(app), scopes.submitted(app)) == ({}, {}, None)


def test_what_is_chosen_stands_in_the_order_of_the_form(app: Application) -> None:
    choose(app, ("sales.orders", "read"), ("crm.accounts", "manage"), ("hrm.payroll", "none"))
    assert list(scopes.selected(app).items()) == [("crm.accounts", MANAGE), ("sales.orders", READ)]
    assert ScopeSelection.objects.count() == 2


def test_what_is_left_out_is_at_none(app: Application) -> None:
    choose(app, ("crm.accounts", "manage"), ("sales.orders", "read"))
    changed = choose(app, ("sales.orders", "read"))
    assert changed.levels == {"crm.accounts": (MANAGE, Level.NONE)}
    assert scopes.selected(app) == {"sales.orders": READ}


def test_one_event_tells_the_levels_that_changed_and_of_reasons_only_that_they_did(app: Application) -> None:
    choose(app, ("crm.accounts", "read"), ("sales.orders", "read"))
    choose(app, ("crm.accounts", "manage"), ("sales.orders", "read"), reasons={"sales.orders": "For Jansen BV."})
    newest, _ = events(app)
    assert newest.details == {"levels": {"crm.accounts": ["read", "manage"]}, "reasons": ["sales.orders"]}


def test_the_same_once_more_changes_nothing_whatever_the_version(app: Application) -> None:
    choose(app, ("crm.accounts", "read"), version=app.version)
    assert not choose(app, ("crm.accounts", "read"), version=1)
    assert len(events(app)) == 1


def test_a_choice_is_a_new_version_of_the_app(app: Application) -> None:
    choose(app, ("crm.accounts", "read"))
    assert app.version == Application.objects.get().version == 2
    (newer,) = applications.changes_since(app, 1)
    assert newer.action == "scopes.selected"


def test_who_saw_an_older_version_is_told_and_nothing_is_stored(app: Application) -> None:
    choose(app, ("crm.accounts", "read"))
    with pytest.raises(Conflict) as caught:
        choose(app, ("crm.accounts", "manage"), version=1)
    assert caught.value.version == 2
    assert scopes.selected(app) == {"crm.accounts": READ}
    with pytest.raises(Conflict):
        scopes.adopt(app, "article", by=SOMEBODY, version=1)
    assert events(app, "workflow.refused") == []


@pytest.mark.parametrize(
    ("pairs", "told"),
    [
        ([("crm.nothing", "read")], "no scope “crm.nothing”"),
        ([("Crm.Accounts", "read")], "It is written crm.accounts."),
        ([("crm.accounts", "write")], "cannot be at “write”"),
        ([("crm.accounts", "Read")], "cannot be at “Read”"),
        ([("crm.accounts", "")], "cannot be at “”"),
        ([("crm.accounts", "read"), ("crm.accounts", "read")], "more than once"),
        ([("crm.accounts\x00", "read")], "no scope"),
        ([("\u202ecrm.accounts", "read")], "no scope"),
        ([("=HYPERLINK(1)", "read")], "no scope"),
    ],
)
def test_what_the_form_has_not_is_refused_and_the_attempt_recorded(
    app: Application, pairs: list[tuple[str, str]], told: str
) -> None:
    choose(app, ("sales.orders", "read"))
    with pytest.raises(Refused, match=told):
        choose(app, *pairs, ("sales.orders", "manage"))
    assert scopes.selected(app) == {"sales.orders": READ}
    (event,) = events(app, "workflow.refused")
    assert event.details["step"] == "select"
    assert told in " ".join(event.details["reasons"])


def test_an_attempt_with_signs_that_no_event_can_hold_is_refused_and_recorded(app: Application) -> None:
    with pytest.raises(Refused, match="no scope"):
        choose(app, ("crm.\0accounts", "read"))
    assert len(events(app, "workflow.refused")) == 1


def test_of_a_thousand_wrong_scopes_the_first_are_told_and_how_many_more(app: Application) -> None:
    with pytest.raises(Refused) as caught:
        choose(app, *((f"x.y{number}", "read") for number in range(1000)))
    assert len(caught.value.reasons) == 11
    assert caught.value.reasons[-1] == "And 990 more."


# --- Reasons --------------------------------------------------------------------------------------------------


def test_reasons_are_kept_in_one_line_and_those_that_are_not_given_stay(app: Application) -> None:
    pairs = [("crm.accounts", "read"), ("sales.orders", "read")]
    choose(app, *pairs, reasons={"crm.accounts": "  Looked\nup ", "sales.orders": "Shown"})
    assert scopes.reasons(app) == {"crm.accounts": "Looked up", "sales.orders": "Shown"}
    choose(app, *pairs, reasons={"sales.orders": ""})
    assert scopes.reasons(app) == {"crm.accounts": "Looked up"}


def test_a_scope_at_none_keeps_its_reason_for_the_day_it_is_chosen_again(app: Application) -> None:
    choose(app, ("crm.accounts", "read"), reasons={"crm.accounts": "Looked up"})
    choose(app)
    assert (scopes.selected(app), scopes.reasons(app)) == ({}, {"crm.accounts": "Looked up"})


@pytest.mark.parametrize(
    ("scope", "reason", "told"),
    [
        ("crm.accounts", "x" * 301, "has 301 characters; 300 are the most"),
        ("crm.accounts", "abc\u202edef", "invisible sign"),
        ("crm.nothing", "why", "no scope"),
    ],
)
def test_a_reason_that_cannot_be_kept_is_refused(app: Application, scope: str, reason: str, told: str) -> None:
    with pytest.raises(Refused, match=told):
        choose(app, ("crm.accounts", "read"), reasons={scope: reason})
    assert scopes.selected(app) == {}


# --- Adopting, and taking back --------------------------------------------------------------------------------


def test_adopting_a_list_leaves_everything_else_at_none(app: Application) -> None:
    choose(app, ("hrm.payroll", "manage"), reasons={"crm.accounts": "Looked up"})
    scopes.adopt(app, "article", by=SOMEBODY, version=app.version)
    assert scopes.selected(app) == ARTICLE.scopes
    assert scopes.reasons(app) == {"crm.accounts": "Looked up"}
    assert events(app)[0].details["adopted"] == "article"


@pytest.mark.parametrize("name", ["", "ARTICLE", "2019"])
def test_a_list_that_there_is_not_is_refused(app: Application, name: str) -> None:
    with pytest.raises(Refused, match="There are: article"):
        scopes.adopt(app, name, by=SOMEBODY)
    assert len(events(app, "workflow.refused")) == 1


def test_taking_back_brings_the_levels_to_what_they_were_before(app: Application) -> None:
    choose(app, ("crm.accounts", "read"), reasons={"crm.accounts": "Looked up"})
    choose(app, ("crm.accounts", "manage"), ("sales.orders", "read"))
    newest = scopes.latest(app)[0]
    changed = scopes.undo(app, str(newest.pk), by=SOMEBODY, version=app.version)
    assert changed.levels == {"crm.accounts": (MANAGE, READ), "sales.orders": (READ, Level.NONE)}
    assert (scopes.selected(app), scopes.reasons(app)) == ({"crm.accounts": READ}, {"crm.accounts": "Looked up"})
    assert events(app)[0].details["undone"] == moments.dated(newest.at, timezone.get_current_timezone())


def test_taking_back_an_older_choice_takes_what_followed_back_too(app: Application) -> None:
    for name in ("article", "article-bank-feeds"):
        scopes.adopt(app, name, by=SOMEBODY)
    choose(app, ("hrm.payroll", "read"))
    second = scopes.latest(app)[1]
    scopes.undo(app, str(second.pk), by=SOMEBODY)
    assert scopes.selected(app) == ARTICLE.scopes
    scopes.undo(app, str(scopes.latest(app)[1].pk), by=SOMEBODY)  # what was chosen before the undoing, and that
    assert scopes.selected(app) == BANK_FEEDS.scopes


def test_a_choice_of_another_app_a_wrong_one_and_none_are_refused(app: Application, make_app: MakeApp) -> None:
    other = make_app(secret=None, region="uk", client_id=None)
    choose(other, ("crm.accounts", "read"))
    for event in (str(scopes.latest(other)[0].pk), "", "nonsense", str(app.pk)):
        with pytest.raises(Refused, match="none of the latest"):
            scopes.undo(app, event, by=SOMEBODY)
    assert len(events(app, "workflow.refused")) == 4


# --- Sent, and by whom ----------------------------------------------------------------------------------------


def sent(app: Application, number: int, document: Any, state: str = "rejected") -> None:
    hashed = {"submitted": document, "submitted_hash": "0" * 64} if state != "draft" else {}
    Review.objects.create(application=app, number=number, state=state, created_by=str(SOMEBODY), **hashed)


def test_submitted_is_what_the_newest_round_that_was_sent_says(app: Application) -> None:
    sent(app, 1, {"scopes": {"crm.accounts": "read"}})
    sent(app, 2, {"scopes": {"crm.accounts": "manage"}})
    sent(app, 3, None, state="draft")
    assert scopes.submitted(app) == {"crm.accounts": MANAGE}


@pytest.mark.parametrize("document", [{}, {"scopes": []}, {"scopes": {"x.y": "read", "crm.accounts": 7}}, [1], "x"])
def test_of_a_document_that_is_none_nothing_is_read(app: Application, document: Any) -> None:
    sent(app, 1, document)
    assert scopes.submitted(app) == {}


def test_whoever_has_no_right_to_it_changes_nothing(app: Application) -> None:
    bob = Actor.person(User.objects.create_user("bob", password="x", is_staff=True).pk)
    choose(app, ("crm.accounts", "read"))
    event = str(scopes.latest(app)[0].pk)
    for verb in (
        lambda: scopes.select(app, [], by=bob),
        lambda: scopes.adopt(app, "article", by=bob),
        lambda: scopes.undo(app, event, by=bob),
        lambda: scopes.refuse(app, [], by=bob),
    ):
        with pytest.raises(NotPermitted, match="Choose an app's scopes"):
            verb()
    assert scopes.selected(app) == {"crm.accounts": READ}


def test_a_choice_is_stored_whole_or_not_at_all(app: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(AuditEvent.objects, "record", fail)
    with pytest.raises(OSError, match="disk"), transaction.atomic():
        choose(app, ("crm.accounts", "read"), ("sales.orders", "read"))
    assert (scopes.selected(app), Application.objects.get().version) == ({}, 1)
