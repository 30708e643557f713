"""Role × URL × method: every URL of the project, asked for by everybody, answers as the table says.

A URL without rows, and a row without URL, fail. Whoever adds a page decides here who gets to see it.
"""

from collections.abc import Iterator
from typing import Any, Final

import pytest
from django.test import Client

from integrations.rules.journey import Step
from integrations.rules.roles import ROLES
from tests.admin.role_matrix import COLUMNS, MEANINGS, TABLE
from tests.furnished import ADMINISTRATOR, ANONYMOUS, NO_ROLE, PEOPLE, STEP, House, furnish, routes, undone
from tests.owning import own

OTHER_METHODS: Final = ("put", "patch", "delete", "options", "trace")
TAKEN_BY_GET_ALONE: Final = {"oauth/callback/<uuid:application_id>/"}
"""An authorization code is spent by looking."""
Row = tuple[str, str, str, tuple[str, ...]]


def rows() -> Iterator[Row]:
    """Read the table: route, which row it is about where that is not the usual one, method, cells."""
    for line in TABLE.strip().splitlines():
        route, _, rest = line.partition(" ")
        words = rest.split()
        about = words.pop(0).removeprefix("@") if words[0].startswith("@") else ""
        method, *cells = words
        assert len(cells) == len(PEOPLE), line
        assert set(cells) <= MEANINGS.keys(), line
        yield route.removeprefix("/"), about, method, tuple(cells)


ROWS: Final = list(rows())


@pytest.fixture(scope="module")
def house(django_db_setup: None, django_db_blocker: Any) -> Iterator[House]:
    """One house for all cells; each request is undone, and in the end the house."""
    with django_db_blocker.unblock(), undone():
        own()
        yield furnish()


def ask(client: Client, method: str, address: str) -> str:
    """Return the cell for what is answered."""
    with undone():
        if method == "POST":
            response: Any = client.post(address, {"post": "yes"})
        else:
            response = getattr(client, method.lower())(address)
    if response.status_code == 302 and response.url.startswith("/admin/login/"):
        return "L"
    if response.status_code == 403 and method != "HEAD":
        page = response.content.decode()
        assert "You may not do this" in page, page
        assert "has no right to this page" not in page, "the refusal does not say who may"
    return {200: "y", 302: ">", 403: "x", 404: "0", 405: "m", 400: "!", 410: "g"}[response.status_code]


def target(house: House, about: str) -> Any:
    """Return the key of the row that a line of the table is about; a step of Set up is about the usual one."""
    if not about or about in list(Step):
        return None
    if about == "role":
        return house.users["Support"].groups.get().pk
    return house.users[about.replace("_", " ")].pk


def test_the_columns_are_the_people() -> None:
    assert COLUMNS.split() == ["?", "-", "V", "S", "I", "O", "P", "A"]
    assert [role.name for role in ROLES] == [
        "Viewer", "Support", "Integrations manager", "Security officer", "Operator",
    ]  # fmt: skip


@pytest.mark.django_db  # without one such test pytest-django makes no database, where this file runs alone
def test_every_url_has_its_rows_and_every_row_its_url() -> None:
    known = {(route, method) for route, about, method, _ in ROWS if not about}
    assert known == {(route, method) for route in routes() for method in ("GET", "POST")}
    assert len({row[:3] for row in ROWS}) == len(ROWS), "a row stands there twice"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[2]} /{row[0]}{row[1] and ' @'}{row[1]}")
def test_everybody_is_answered_as_the_table_says(house: House, row: Row) -> None:
    route, about, method, expected = row
    address = house.address(route.replace(STEP, about) if about in list(Step) else route, target(house, about))
    found = tuple(ask(house.client(name), method, address) for name in PEOPLE)
    assert " ".join(found) == " ".join(expected)
    if method == "GET":
        # Django's sign-in page sends on who is signed in, for GET only.
        for name in (ANONYMOUS,) if route == "admin/login/" else (ANONYMOUS, NO_ROLE, ADMINISTRATOR):
            head = "m" if route in TAKEN_BY_GET_ALONE else expected[PEOPLE.index(name)]
            assert ask(house.client(name), "HEAD", address) == head


@pytest.mark.parametrize("method", OTHER_METHODS)
def test_no_page_takes_another_method(house: House, method: str) -> None:
    for route in routes():
        for name in (ANONYMOUS, ADMINISTRATOR):
            assert ask(house.client(name), method, house.address(route)) == "m", (method, route, name)
