"""Exact users and companies. A company is a division in the API."""

import sqlite3
from collections.abc import Iterable
from dataclasses import astuple, dataclass


@dataclass(frozen=True)
class User:
    id: str
    user_name: str
    full_name: str
    email: str
    subscription: str
    current_division: int


@dataclass(frozen=True)
class Company:
    """`status`: 0 inactive, 1 active, 2 archived. `blocking_status`: 0 none, 1 backup, 2 conversion."""

    code: int
    description: str
    customer_name: str
    subscription: str
    status: int
    blocking_status: int
    country: str
    currency: str
    is_main: bool
    licence_expired: bool


def users(db: sqlite3.Connection) -> list[User]:
    return [User(**dict(row)) for row in db.execute("SELECT * FROM exact_user ORDER BY rowid")]


def user(db: sqlite3.Connection, user_id: str) -> User | None:
    """By id or by user name."""
    row = db.execute("SELECT * FROM exact_user WHERE ? IN (id, user_name)", (user_id,)).fetchone()
    return None if row is None else User(**dict(row))


def companies(db: sqlite3.Connection) -> list[Company]:
    return [_company(row) for row in db.execute("SELECT * FROM company ORDER BY code")]


def company(db: sqlite3.Connection, code: int) -> Company | None:
    row = db.execute("SELECT * FROM company WHERE code = ?", (code,)).fetchone()
    return None if row is None else _company(row)


def companies_of(db: sqlite3.Connection, user_id: str) -> list[Company]:
    """The companies this user may open, over all licences."""
    rows = db.execute(
        "SELECT company.* FROM company JOIN membership ON division = code"
        " WHERE user_id = ? AND rights = 1 ORDER BY code",
        (user_id,),
    )
    return [_company(row) for row in rows]


def has_rights(db: sqlite3.Connection, user_id: str, division: int) -> bool:
    row = db.execute("SELECT rights FROM membership WHERE user_id = ? AND division = ?", (user_id, division)).fetchone()
    return row is not None and bool(row["rights"])


def set_rights(db: sqlite3.Connection, user_id: str, division: int, *, rights: bool) -> None:
    db.execute("INSERT OR REPLACE INTO membership VALUES (?, ?, ?)", (user_id, division, rights))


def add_company(db: sqlite3.Connection, new: Company) -> None:
    db.execute("INSERT INTO company VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", astuple(new))


def add_user(db: sqlite3.Connection, new: User, divisions: Iterable[int]) -> None:
    db.execute("INSERT INTO exact_user VALUES (?, ?, ?, ?, ?, ?)", astuple(new))
    for division in divisions:
        set_rights(db, new.id, division, rights=True)


def add_companies(db: sqlite3.Connection, owner: User, count: int) -> list[int]:
    """More companies like the user's first one, for lists that need several pages."""
    model = companies_of(db, owner.id)[0]
    last = int(db.execute("SELECT max(code) FROM company WHERE code < 1000000").fetchone()[0])
    codes = list(range(last + 1, last + 1 + count))
    for number, code in enumerate(codes, start=1):
        db.execute(
            "INSERT INTO company (code, description, customer_name, subscription, country, currency)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (
                code,
                f"Client {number:03}",
                model.customer_name,
                model.subscription,
                model.country,
                model.currency,
            ),
        )
        set_rights(db, owner.id, code, rights=True)
    return codes


def change_company(db: sqlite3.Connection, changed: Company) -> None:
    db.execute(
        "UPDATE company SET description = ?, status = ?, blocking_status = ?, licence_expired = ? WHERE code = ?",
        (changed.description, changed.status, changed.blocking_status, changed.licence_expired, changed.code),
    )


def set_current_division(db: sqlite3.Connection, user_id: str, division: int) -> None:
    db.execute("UPDATE exact_user SET current_division = ? WHERE id = ?", (division, user_id))


def _company(row: sqlite3.Row) -> Company:
    flags = {name: bool(row[name]) for name in ("is_main", "licence_expired")}
    return Company(**{**dict(row), **flags})
