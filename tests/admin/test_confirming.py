"""Whatever sets a key asks for the password after 30 idle minutes: every URL is tried, and none gets past."""

import ast
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import time_machine
from django.conf import settings as django_settings
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from integrations.models import Application, AuditEvent, ClientSecret, User
from integrations.rules.journey import Step
from tests.admin import app_forms as forms
from tests.conftest import CLIENT_ID, SECRET

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
APPS = "/admin/integrations/application/"
OTHER_ID: Final = "9b0a6d1e-9c0f-4f55-8d2b-6a54c1f1a009"
ELSEWHERE: Final = "https://elsewhere.example/back"
CANARY: Final = "CANARY7zq4Xw9secret"
NOT_TRIED: Final = ("logout/", "delete/", "remove-practice/")
"""They would end the test: what they do is take away."""
MakeApp = Callable[..., Application]


@pytest.fixture(autouse=True)
def clock() -> Iterator[Any]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def patterns(resolver: URLResolver, prefix: str = "/") -> Iterator[tuple[str, URLPattern]]:
    for entry in resolver.url_patterns:
        route = prefix + str(entry.pattern).lstrip("^")
        if isinstance(entry, URLResolver):
            yield from patterns(entry, route)
        else:
            yield route, entry


def addresses(application: Application, user: User) -> set[str]:
    """Return every address of the portal, about this app or this user where it is about something."""
    found = set()
    for route, entry in patterns(get_resolver()):
        path = route.rstrip("$").replace(r"\.", ".")
        for name in entry.pattern.converters:
            if name == "step":
                continue
            about = user.pk if "/user/" in route else application.pk
            for kind in ("uuid", "str", "path", "int", "slug"):
                path = path.replace(f"<{kind}:{name}>", str(about)).replace(f"<{name}>", str(about))
        if "(?P" not in path and not path.endswith(NOT_TRIED):
            found |= {path.replace("<slug:step>", step) for step in Step}
    assert {f"{APPS}add/", f"{APPS}{application.pk}/change/", f"/admin/integrations/user/{user.pk}/password/"} <= found
    return found


def keys() -> Any:
    return sorted(Application.objects.values_list("pk", "client_id", "redirect_uri")), sorted(
        ClientSecret.objects.values_list("application", "fingerprint", "status")
    )


def typed(**fields: str) -> dict[str, str]:
    return {
        "name": "Meridian",
        "region": "uk",
        "kind": "product",
        "client_id": OTHER_ID,
        "client_secret": CANARY,
        **fields,
    }


def test_no_url_sets_a_key_after_thirty_idle_minutes(annas: Client, anna: User, make_app: MakeApp, clock: Any) -> None:
    application = make_app()
    before, password = keys(), anna.password
    annas.raise_request_exception = False
    passwords = {"password1": CANARY, "password2": CANARY, "usable_password": "true", "set-password": ""}
    clock.shift(timedelta(minutes=31))
    stale = {**forms.overview(application), **forms.keys(application)}
    for address in sorted(addresses(application, anna)):
        response = annas.post(address, {**stale, **typed(own_redirect_url=ELSEWHERE, **passwords)})
        assert keys() == before, address
        assert CANARY not in response.content.decode(errors="replace") if not response.streaming else True, address
        assert CANARY not in response.headers.get("Location", ""), address
    anna.refresh_from_db()
    assert anna.password == password
    assert not AuditEvent.objects.filter(action__in=["user.password_set", "user.password_changed"]).exists()


def test_the_same_urls_set_keys_before(annas: Client, anna: User, make_app: MakeApp, clock: Any) -> None:
    """Or the test above would pass where nothing ever does."""
    application = make_app()
    clock.shift(timedelta(minutes=30))
    annas.post(f"{APPS}{application.pk}/keys/", {**forms.keys(application), **typed()})
    application.refresh_from_db()
    annas.post(f"{APPS}{application.pk}/change/", forms.overview(application, own_redirect_url=ELSEWHERE))
    annas.post(f"{APPS}add/", typed(name="Another", client_id=CLIENT_ID))
    application.refresh_from_db()
    assert (application.client_id, application.redirect_uri) == (OTHER_ID, ELSEWHERE)
    assert Application.objects.get(name="Another").secrets.count() == 1
    assert ClientSecret.objects.filter(application=application).count() == 2


def test_keys_are_set_in_guarded_pages_only() -> None:
    """A new page that sets keys has to be guarded, and then to be named here."""
    guarded = {"integrations/admin/applications.py", "integrations/admin/app_keys.py"}
    # The first page of an app sets no key; its own test below holds where it leads browsers to.
    guarded.add("integrations/admin/app_overview.py")
    # Set up makes apps without keys, and stores everything else of theirs; the steps that take keys, or an address to
    # lead browsers to, are guarded each, as the tests of Set up hold.
    guarded |= {"integrations/admin/set_up_saving.py", "integrations/admin/set_up_steps.py"}
    verbs = {("secrets", "set"), ("applications", "add"), ("applications", "change")}
    root = Path(django_settings.BASE_DIR)
    found = set()
    for folder in ("admin", "views"):
        for path in (root / "integrations" / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                is_verb = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
                if is_verb and (node.value.id, node.attr) in verbs:
                    found.add(str(path.relative_to(root)))
    assert found == guarded


def test_the_form_asks_before_it_opens_and_comes_back_as_it_was(annas: Client, make_app: MakeApp, clock: Any) -> None:
    make_app()
    clock.shift(timedelta(minutes=31))
    response = annas.get(f"{APPS}add/?region=uk")
    assert response.url == "/admin/confirm/?next=%2Fadmin%2Fintegrations%2Fapplication%2Fadd%2F%3Fregion%3Duk"
    response = annas.post(response.url, {"password": "correct horse battery"})
    assert response.url == f"{APPS}add/?region=uk"
    page = annas.get(response.url).content.decode()
    assert '<option value="uk" selected>' in page


def test_what_was_typed_too_late_is_not_stored_and_that_is_said(annas: Client, make_app: MakeApp, clock: Any) -> None:
    application = make_app()
    clock.shift(timedelta(minutes=31))
    response = annas.post(f"{APPS}{application.pk}/keys/", {**forms.keys(application), **typed()})
    assert response.status_code == 302
    assert [str(message) for message in get_messages(response.wsgi_request)] == [
        "Nothing was saved. Confirm that it is you, and enter it once more."
    ]
    page = annas.get(response.url).content.decode()
    assert "Nothing was saved." in page
    assert CANARY not in page
    application.refresh_from_db()
    assert (application.name, application.client_id) == ("Meridian Bookings", CLIENT_ID)


def test_who_cannot_set_keys_is_not_asked(staff: Callable[..., Client], make_app: MakeApp, clock: Any) -> None:
    application = make_app()
    viewer, manager = staff("view_application"), staff("view_application", "change_application")
    clock.shift(timedelta(minutes=31))
    page = f"{APPS}{application.pk}/keys/"
    assert viewer.get(page).status_code == manager.get(page).status_code == 200
    assert SECRET not in manager.get(page).content.decode()
    assert manager.post(page, {**forms.keys(application), **typed()}).status_code == 403
    application.refresh_from_db()
    assert application.client_id == CLIENT_ID


def test_the_first_page_of_an_app_asks_only_where_browsers_are_led_elsewhere(
    annas: Client, make_app: MakeApp, clock: Any
) -> None:
    application = make_app()
    page, ours = f"{APPS}{application.pk}/change/", application.redirect_uri
    clock.shift(timedelta(minutes=31))
    assert annas.get(page).status_code == 200
    assert annas.post(page, forms.overview(application, name="Meridian Rooms")).url == page
    application.refresh_from_db()
    response = annas.post(page, forms.overview(application, name="Lost", own_redirect_url=ELSEWHERE))
    assert response.url.startswith("/admin/confirm/?next=")
    application.refresh_from_db()
    assert (application.name, application.redirect_uri) == ("Meridian Rooms", ours)


def test_everything_else_goes_on_without_a_password(annas: Client, make_app: MakeApp, clock: Any) -> None:
    application = make_app()
    clock.shift(timedelta(minutes=31))
    assert annas.get(APPS).status_code == 200
    annas.post(f"{APPS}{application.pk}/enable/")
    application.refresh_from_db()
    assert application.is_enabled
