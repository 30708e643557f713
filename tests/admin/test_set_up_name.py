"""Set up: kind and name, with which an app is made, once; and changing them, with nobody overwritten unseen."""

import re
from collections.abc import Callable
from uuid import uuid4

import pytest
from django.test import Client

from integrations.models import Application, AuditEvent, Organization, User
from integrations.rules.actors import Actor
from integrations.rules.journey import Step
from integrations.services import applications
from tests.admin.set_up import NEW, changed, errors, events, make, said, text, url
from tests.conftest import SOMEBODY

pytestmark = pytest.mark.django_db
MakeApp = Callable[..., Application]


def actions() -> list[str]:
    return list(AuditEvent.objects.order_by("at", "id").values_list("action", flat=True))


# --- Kind and name ----------------------------------------------------------------------------------------------


def test_kind_and_name_make_the_app(annas: Client, anna: User) -> None:
    pk = uuid4()
    response = annas.post(url(pk, Step.NAME, NEW), {"kind": "testing", "name": "  Meridian   Tests "})
    app = Application.objects.get(pk=pk)
    assert (app.region, app.kind, app.name, app.existed_before) == ("uk", "testing", "Meridian Tests", False)
    assert app.created_by == str(Actor.person(anna.pk))
    assert response.url == url(app, Step.REGISTER)
    assert said(response) == ["The app “Meridian Tests” is here now. Set up can be left and resumed at any time."]
    assert actions() == ["application.added"]


def test_an_app_that_exact_has_already_goes_on_with_how_it_stood(annas: Client) -> None:
    pk = uuid4()
    query = "?region=nl&existed=yes"
    assert "As it stood" in text(annas.get(url(pk, Step.NAME, query)))
    response = annas.post(url(pk, Step.NAME, query), {"kind": "product", "name": "Meridian"})
    app = Application.objects.get(pk=pk)
    assert app.existed_before
    assert response.url == url(app, Step.AS_IT_STOOD)


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({"kind": ""}, "id_kind", "Choose one of the two."),
        ({"kind": "public"}, "id_kind", "Select a valid choice."),
        ({"name": ""}, "id_name", "Give the app a name."),
        ({"name": " \t "}, "id_name", "Give the app a name."),
        ({"name": "x" * 101}, "id_name", "at most 100 characters"),
        ({"name": "Meri\x00dian"}, "id_name", "Null characters are not allowed."),
        ({"name": "\u200b"}, "id_name", "Nothing of this name can be seen."),
        ({"name": "Meri\u202edian"}, "id_name", "an invisible sign"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_makes_no_app(
    annas: Client, typed: dict[str, str], field: str, words: str
) -> None:
    response = annas.post(url(uuid4(), Step.NAME, NEW), {"kind": "product", "name": "Meridian", **typed})
    assert response.status_code == 200
    found = errors(response)
    assert list(found) == [field]
    assert words in found[field]
    assert not Application.objects.exists()
    assert actions() == []


def test_a_form_that_is_sent_twice_makes_one_app(annas: Client) -> None:
    app = make(annas)
    again = annas.post(url(app, Step.NAME, NEW), {"kind": "product", "name": "Meridian Bookings"})
    assert again.url == url(app, Step.REGISTER)
    assert "The app “Meridian Bookings” is here now. Set up can be left and resumed at any time." in said(again)
    assert Application.objects.count() == 1
    assert actions() == ["application.added"]


def test_two_tabs_make_one_app_and_the_second_is_told(annas: Client) -> None:
    app = make(annas)
    second = Client()
    second.force_login(User.objects.get(username="anna"))
    response = second.post(url(app, Step.NAME, NEW), {"kind": "testing", "name": "Another name"})
    assert response.url == url(app, Step.REGISTER)
    assert said(response) == [
        "This page had made the app “Meridian Bookings” already. What was typed since was not saved."
    ]
    app.refresh_from_db()
    assert (app.kind, app.name, Application.objects.count()) == ("product", "Meridian Bookings", 1)


def test_somebody_who_is_faster_with_the_same_form_wins(annas: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    pk, add = uuid4(), applications.add

    def slow(application: Application, *, by: Actor) -> Application:
        add(Application(pk=pk, region="uk", kind="product", name="Meridian Bookings"), by=SOMEBODY)
        return add(application, by=by)

    monkeypatch.setattr(applications, "add", slow)
    response = annas.post(url(pk, Step.NAME, NEW), {"kind": "product", "name": "Meridian Bookings"})
    assert response.url == url(pk, Step.REGISTER)
    assert actions() == ["application.added"]


def test_a_name_that_is_likely_a_mistake_is_saved_and_said(annas: Client, make_app: MakeApp) -> None:
    Organization.objects.create(name="Acme BV")
    make_app(region="uk", name="Shop link")
    pk = uuid4()
    response = annas.post(url(pk, Step.NAME, NEW), {"kind": "product", "name": "Shop Link"})
    assert Application.objects.get(pk=pk).name == "Shop Link"
    warnings = " ".join(said(response))
    assert "does not name Acme BV" in warnings
    assert "Another app of Exact (United Kingdom) has the same name" in warnings
    page = text(annas.get(url(pk, Step.NAME)))
    assert "does not name Acme BV" in page


def test_what_the_hints_need_stands_in_the_page(annas: Client, make_app: MakeApp) -> None:
    Organization.objects.create(name="Acme Group BV")
    make_app(region="uk", name="Shop <link>")
    make_app(region="nl", name="Elsewhere")
    page = text(annas.get(url(uuid4(), Step.NAME, NEW)))
    assert 'data-telling="acme"' in page
    assert re.findall(r"<li>([^<]*)</li>", page.partition('class="name-others"')[2].partition("</ul>")[0]) == [
        "Shop &lt;link&gt;"
    ]


# --- Changing kind and name -------------------------------------------------------------------------------------


def test_kind_and_name_can_be_changed_when_one_comes_back(annas: Client) -> None:
    app = make(annas)
    response = annas.post(url(app, Step.NAME), changed(app, kind="testing", name="Meridian Tests"))
    assert response.url == url(app, Step.REGISTER)
    app.refresh_from_db()
    assert (app.kind, app.name) == ("testing", "Meridian Tests")


def test_that_exact_had_the_app_can_be_said_later(annas: Client) -> None:
    app = make(annas)
    response = annas.post(url(app, Step.NAME), changed(app, existed_before="on"))
    assert response.url == url(app, Step.AS_IT_STOOD)


def test_the_kind_stays_once_there_is_a_client_id(annas: Client, make_app: MakeApp) -> None:
    app = make_app()
    page = text(annas.get(url(app, Step.NAME)))
    assert len(re.findall(r'name="kind"[^>]* disabled', page)) == 2
    annas.post(url(app, Step.NAME), changed(app, kind="testing", name="Meridian New"))
    app.refresh_from_db()
    assert (app.kind, app.name) == ("product", "Meridian New")


def test_two_who_edit_the_same_app_see_a_conflict(annas: Client, anna: User) -> None:
    app = make(annas)
    stale = changed(app, name="Meridian Mine")
    eva = User.objects.create_superuser("eva", password="x", first_name="Eva", last_name="Vos")
    other = Client()
    other.force_login(eva)
    other.post(url(app, Step.NAME), changed(app, name="Meridian Hers"))
    response = annas.post(url(app, Step.NAME), stale)
    assert response.status_code == 200
    assert "Eva Vos" in events(response)
    assert "Meridian Hers" in events(response)
    assert 'value="Meridian Mine"' in text(response)
    app.refresh_from_db()
    assert app.name == "Meridian Hers"
    version = re.search(r'name="version" value="(\d+)"', text(response))[1]
    annas.post(url(app, Step.NAME), {**stale, "version": version})
    app.refresh_from_db()
    assert app.name == "Meridian Mine"


def test_a_change_that_is_sent_twice_is_made_once(annas: Client) -> None:
    app = make(annas)
    stale = changed(app, name="Meridian New")
    assert [annas.post(url(app, Step.NAME), stale).status_code for _ in range(2)] == [302, 302]
    assert actions() == ["application.added", "application.changed"]


@pytest.mark.parametrize("version", ["", "x", "-1", "0", "9" * 5000])
def test_a_version_that_is_none_changes_nothing(annas: Client, version: str) -> None:
    app = make(annas)
    response = annas.post(url(app, Step.NAME), changed(app, name="Meridian New", version=version))
    assert response.status_code == 200
    assert "This form is incomplete. Open the page once more" in text(response)
    app.refresh_from_db()
    assert app.name == "Meridian Bookings"
