"""The invented users and companies a new sandbox starts with."""

import sqlite3
import uuid
import zlib
from dataclasses import dataclass

from integrations.sandbox import people
from integrations.sandbox.config import Config
from integrations.sandbox.store import set_setting, setting

OWNER = "owner"  # the subscription that owns every app registered in the sandbox's App Center


@dataclass(frozen=True)
class _Company:
    offset: int
    description: str
    customer_name: str
    subscription: str
    status: int = 1
    is_main: bool = False


# Both the accountant and the florist reach the flower shop: two users, one company.
COMPANIES = (
    _Company(11, "Our Own Company", "Our Own Company", OWNER, is_main=True),
    _Company(12, "Our Own Holding", "Our Own Company", OWNER),
    _Company(101, "Lighthouse Accountants", "Lighthouse Accountants", "accountant", is_main=True),
    _Company(102, "Crumb Bakery", "Lighthouse Accountants", "accountant"),
    _Company(103, "Piston Garage", "Lighthouse Accountants", "accountant"),
    _Company(104, "Ink & Sons Printers", "Lighthouse Accountants", "accountant"),
    _Company(205, "Petal Flower Shop", "Petal Flower Shop", "florist", is_main=True),
    _Company(306, "Harbour Trading", "Harbour Trading", "harbour", is_main=True),
    _Company(307, "Harbour Trading (old books)", "Harbour Trading", "harbour", status=2),
)
USERS = (
    ("Sam Staff", OWNER, (11, 12)),
    ("Alex Accountant", "accountant", (101, 102, 103, 104, 205)),
    ("Fleur Florist", "florist", (205,)),
    ("Hanna Harbour", "harbour", (306, 307)),
)


def fill(db: sqlite3.Connection, config: Config) -> None:
    """Make users and companies once; a database that has them is left alone."""
    if setting(db, "seeded"):
        return
    for company in COMPANIES:
        people.add_company(
            db,
            people.Company(
                code=division(config.region, company.offset),
                description=company.description,
                customer_name=company.customer_name,
                subscription=company.subscription,
                status=company.status,
                blocking_status=0,
                country=config.country or config.region.upper(),
                currency=config.currency,
                is_main=company.is_main,
                licence_expired=False,
            ),
        )
    for name, subscription, offsets in USERS:
        codes = [division(config.region, offset) for offset in offsets]
        people.add_user(db, _user(config.region, name, subscription, codes[0]), codes)
    set_setting(db, "seeded", "1")


def division(region: str, offset: int) -> int:
    """Six digits, the same at every start and different between regions, as codes of Exact do not travel.

    The harbour's get seven, because Exact hands out both.
    """
    base = 100_000 + zlib.crc32(region.encode()) % 800 * 1_000
    return base + offset if offset < 300 else base * 10 + offset


def _user(region: str, name: str, subscription: str, current_division: int) -> people.User:
    user_name = name.lower().replace(" ", ".")
    return people.User(
        id=str(uuid.uuid5(uuid.NAMESPACE_URL, f"sandbox:{region}:{user_name}")),
        user_name=user_name,
        full_name=name,
        email=f"{user_name}@example.com",
        subscription=subscription,
        current_division=current_division,
    )
