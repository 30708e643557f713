"""The three read calls."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.exact import api, errors, fields, origin, reads
from integrations.exact.evidence import Evidence
from integrations.exact.limits import LimitHeaders
from tests.exact.asking import door, named_error
from tests.exact.hostile import http

USER = {
    "UserID": "3f6b1c9e-0000-4000-8000-123456789abc",
    "UserName": "jan",
    "FullName": "Jan Jansen",
    "Email": None,
    "CurrentDivision": 123456,
    "AccountingDivision": 123,
    "DivisionCustomerName": "Jansen BV",
    "ServerTime": "/Date(1795368700123)/",
}
COMPANY = {
    "Code": 123456,
    "Description": "Jansen BV",
    "CustomerName": "Kantoor Pietersen",
    "Status": 1,
    "BlockingStatus": 0,
    "Country": "NL",
    "Currency": "EUR",
    "IsMainDivision": True,
}


def test_a_user_of_whom_little_is_told(exact):
    me = reads.me(door(exact(http({"d": {"UserID": "1", "CurrentDivision": 1}}))))
    assert (me.full_name, me.accounting_division, me.server_time) == ("", None, None)


@pytest.mark.parametrize("shape", [{"d": {"results": [USER]}}, {"d": [USER]}, {"d": USER}])
def test_me(exact, shape):
    server = exact(http(shape))
    me = reads.me(door(server))
    assert me.user_id == USER["UserID"]
    assert (me.user_name, me.full_name, me.email) == ("jan", "Jan Jansen", "")
    assert (me.current_division, me.accounting_division) == (123456, 123)
    assert me.division_customer_name == "Jansen BV"
    assert me.server_time == datetime.fromtimestamp(1795368700.123, UTC)
    assert me.evidence.asked == "GET /api/v1/current/Me"


BAD_USERS = [
    *[{"UserID": value} for value in (None, "", " ", 5, "a\0b", "a\r\nb", "x" * 501, "\ud800")],
    *[{"CurrentDivision": value} for value in (None, 0, -1, "-1", 1.5, True, "x", "٥", 10**30, "5_9")],
    *[{"FullName": value} for value in ("a\0", "a\r\nb", "\x7f", 7, ["x"])],
    *[{"AccountingDivision": value} for value in (-5, "x")],
    *[{"ServerTime": value} for value in (5, "now", "/Date(9999999999999999)/", "/Date(999999999999999)/")],
]


@pytest.mark.parametrize("change", BAD_USERS)
def test_a_user_that_cannot_be(exact, change):
    error = named_error(lambda: reads.me(door(exact(http({"d": USER | change})))))
    assert type(error) is errors.MalformedAnswer
    assert next(iter(change)) in error.reason


@pytest.mark.parametrize(
    "body", [{}, {"d": None}, {"d": 5}, {"d": {"results": None}}, {"d": [1]}, {"d": []}, {"d": [USER, USER]}]
)
def test_no_user_at_all(exact, body):
    assert type(named_error(lambda: reads.me(door(exact(http(body)))))) is errors.MalformedAnswer


def test_divisions_of_one_page(exact):
    server = exact(http({"d": {"results": [COMPANY, COMPANY, {"Code": "7"}]}}))
    found = reads.system_divisions(door(server), 123456)
    assert server.received[0].line == "GET /api/v1/123456/system/Divisions HTTP/1.1"
    assert found.complete
    assert found.next_path is None
    assert found.items == (
        reads.Division(123456, "Jansen BV", "Kantoor Pietersen", 1, 0, "NL", "EUR", is_main=True),
        reads.Division(7, "", "", None, None, "", "", is_main=None),
    )


def test_nothing_visible(exact):
    assert reads.hrm_divisions(door(exact(http({"d": {"results": []}}))), 1).items == ()


@pytest.mark.parametrize(
    "change",
    [
        {"Code": None},
        {"Code": 0},
        {"Code": -3},
        {"Status": -1},
        {"IsMainDivision": "yes"},
        {"Description": "\0"},
    ],
)
def test_a_company_that_cannot_be(exact, change):
    server = exact(http({"d": [COMPANY | change]}))
    error = named_error(lambda: reads.hrm_divisions(door(server), 1))
    assert type(error) is errors.MalformedAnswer


def page(code: int, link: object) -> dict[str, object]:
    return {"d": {"results": [COMPANY | {"Code": code}], "__next": link}}


def test_pages_are_followed_through_the_callers_door(exact):
    server = exact()
    base = f"{server.origin}/api/v1/1/hrm/Divisions"
    server.answers = [
        http(page(1, f"{base}?$skiptoken=1")),
        http(page(2, f"{base}?$skiptoken=2")),
        http(page(3, None)),
    ]
    calls: list[tuple[str, str]] = []

    def counted(method: str, path: str) -> api.Answer:
        calls.append((method, path))
        return door(server)(method, path)

    found = reads.hrm_divisions(counted, 1)
    assert [one.code for one in found.items] == [1, 2, 3]
    assert [path for _, path in calls] == [
        "/api/v1/1/hrm/Divisions",
        "/api/v1/1/hrm/Divisions?$skiptoken=1",
        "/api/v1/1/hrm/Divisions?$skiptoken=2",
    ]
    assert len(found.answers) == 3


def test_pages_are_bounded_and_can_be_taken_up_again(exact):
    server = exact()
    base = f"{server.origin}/api/v1/1/hrm/Divisions"
    server.answers = [http(page(1, f"{base}?$skiptoken=1")), http(page(2, None))]
    first = reads.hrm_divisions(door(server), 1, max_pages=1)
    assert (first.complete, first.next_path) == (False, "/api/v1/1/hrm/Divisions?$skiptoken=1")
    assert reads.hrm_divisions(door(server), 1, start=first.next_path).items[0].code == 2


@pytest.mark.parametrize(
    ("link", "kind"),
    [
        ("https://example.com/api/v1/1/hrm/Divisions?$skiptoken=1", errors.WrongHost),
        ("//example.com/api/v1/1/hrm/Divisions", errors.WrongHost),
        ("/api/v1/1/hrm/Divisions?$skiptoken=1", errors.WrongHost),
        ("http://[/", errors.WrongHost),
        ("http://127.0.0.1:x/", errors.WrongHost),
        ("", errors.WrongHost),
        ("{origin}", errors.MalformedAnswer),
        ("{origin}/api/oauth2/token", errors.MalformedAnswer),
        ("{origin}/api/v1/2/hrm/Divisions?$skiptoken=1", errors.MalformedAnswer),
        ("{origin}/api/v1/1/hrm/Divisions", errors.MalformedAnswer),
        (5, errors.MalformedAnswer),
        ({"uri": "x"}, errors.MalformedAnswer),
    ],
)
def test_a_next_page_elsewhere_is_not_asked(exact, link, kind):
    server = exact()
    where = link.format(origin=server.origin) if isinstance(link, str) else link
    server.answers = [http(page(1, where))]
    error = named_error(lambda: reads.hrm_divisions(door(server), 1))
    assert type(error) is kind
    assert len(server.received) == 1


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("/Date(0)/", datetime(1970, 1, 1, tzinfo=UTC)),
        ("/Date(-1000)/", datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("/Date(1000+0200)/", datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)),
        ("/Date(٥)/", None),
        ("/Date(1)/\n", None),
        ("Date(1)", None),
        ("/Date(-999999999999999)/", None),
    ],
)
def test_dates(text, moment):
    assert fields.parse_date(text) == moment


# ── Anything at all ──────────────────────────────────────────────────────────────────────────────────

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
CHANGES = st.dictionaries(st.sampled_from([*USER, *COMPANY]), JSON, max_size=2)
DOCUMENTS = st.one_of(
    st.none(),
    st.dictionaries(st.sampled_from(["d", "x"]), JSON),
    CHANGES.map(lambda change: {"d": [USER | COMPANY | change]}),
    JSON.map(lambda link: {"d": {"results": [COMPANY], "__next": link}}),
)


@settings(deadline=None)
@given(document=DOCUMENTS)
def test_any_document_is_read_or_a_named_error(document):
    home = origin.parse("https://start.exactonline.nl")

    def give(method: str, path: str) -> api.Answer:
        return api.Answer(Evidence.of(method, path), home, 200, LimitHeaders(), document)

    for call in (lambda: reads.me(give), lambda: reads.hrm_divisions(give, 1, max_pages=2)):
        try:
            call()
        except errors.ExactError as error:
            kind = type(error)
            assert kind in {errors.MalformedAnswer, errors.WrongHost}
