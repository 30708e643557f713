"""What counting a call costs, against a bare UPDATE of one row of the same table.

Both take turns on the same rows, each in a transaction of its own. The statement of `reserve` and its floor go
through the driver's own cursor, `reserve` and its floor through Django's. The driver's cursor for PostgreSQL prepares
what it sees often, Django's has it planned anew each time. A PostgreSQL that does not wait for its disk makes the
floor cheap and every ratio worse; it is said.

``python -m tests.bench.usage`` measures the database of the settings, and prints what it found.
"""

import io
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Any, Final

import django

from tests.bench.figures import Figure

ROUNDS: Final = 3_000
ROWS: Final = 200
"""Each is taken from three times a turn of the rows, and has room for 60."""
MOST_BY_CURSOR: Final = {"sqlite": 1.5, "postgresql": 1.25}
MOST_BY_FUNCTION: Final = 2.0
Execute = Callable[[str, dict[str, Any]], list[Any]]
FLOOR: Final = """UPDATE integrations_usagewindow SET day_used = day_used + 1
WHERE application_id = %(application)s AND division = %(division)s"""


def measure() -> list[Figure]:
    figures = _measured("SQLite", "")
    url = os.environ.get("TEST_DATABASE_URL", "")
    if url:
        return figures + _measured("PostgreSQL", url)
    print("Counting on PostgreSQL: not measured, TEST_DATABASE_URL names no server.", flush=True)
    return figures


def _measured(name: str, url: str) -> list[Figure]:
    with TemporaryDirectory(prefix="portal-bench-") as folder:
        variables = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings", "VAR_DIR": folder}
        variables["TEST_DATABASE_URL"] = url
        command = [sys.executable, "-m", __name__]
        answer = subprocess.run(command, env=variables, check=True, stdout=subprocess.PIPE, text=True).stdout
    found = json.loads(answer.splitlines()[-1])
    times = {what: f"{1e6 * seconds:.0f} µs" for what, seconds in found["medians"].items()}
    medians, vendor = found["medians"], found["vendor"]
    return [
        Figure(
            f"Counting on {name}, the statement",
            f"{times['statement']} on a floor of {times['floor']}, medians of {ROUNDS} by the driver's cursor; "
            f"by Django's {times['Django statement']} on {times['Django floor']}. {found['durable']}",
            medians["statement"] / medians["floor"],
            MOST_BY_CURSOR[vendor],
            " ×",
        ),
        Figure(
            f"Counting on {name}, the function",
            f"{times['function']} on a floor of {times['Django floor']} by Django's cursor.",
            medians["function"] / medians["Django floor"],
            MOST_BY_FUNCTION,
            " ×",
        ),
    ]


@contextmanager
def scratch_database() -> Iterator[None]:
    """Make the tables: in the file of VAR_DIR, or in a scratch database that goes again."""
    from django.core.management import call_command  # noqa: PLC0415 (Django is set up first)
    from django.db import connection  # noqa: PLC0415

    if connection.vendor == "sqlite":
        call_command("migrate", verbosity=0, stdout=io.StringIO())
        yield
        return
    name = connection.settings_dict["NAME"]
    connection.settings_dict["TEST"]["NAME"] = f"bench_{os.getpid()}"
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        yield
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


def main() -> None:
    from django.db import connection  # noqa: PLC0415

    with scratch_database(), _driver() as execute:
        candidates = _candidates(execute)
        times: dict[str, list[float]] = {name: [] for name in candidates}
        names = list(candidates)
        for turn in range(ROUNDS):
            for place in range(len(names)):
                name = names[(turn + place) % len(names)]
                since = time.perf_counter()
                candidates[name](turn % ROWS + 1)
                times[name].append(time.perf_counter() - since)
        medians = {name: statistics.median(each) for name, each in times.items()}
        print(json.dumps({"vendor": connection.vendor, "medians": medians, "durable": _durable()}))


def _candidates(execute: Execute) -> dict[str, Callable[[int], object]]:
    """Return what takes turns; each is called with the number of a row."""
    from django.db import connection  # noqa: PLC0415
    from django.utils import timezone  # noqa: PLC0415

    from integrations.models import Application, UsageWindow  # noqa: PLC0415
    from integrations.services import usage, usage_sql  # noqa: PLC0415

    values = {"region": "nl", "name": "A", "origin": "https://start.example", "redirect_uri": "x"}
    application = Application.objects.create(**values, created_by="portal")
    UsageWindow.objects.bulk_create(UsageWindow(application=application, division=number + 1) for number in range(ROWS))
    key = application.pk if connection.features.has_native_uuid_field else application.pk.hex

    def floor(division: int) -> None:
        execute(FLOOR, {"application": key, "division": division})

    def statement(division: int) -> None:
        assert execute(*usage_sql.admitting(application.pk, division, 1, now=timezone.now()))

    def django_floor(division: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute(FLOOR, {"application": key, "division": division})

    def django_statement(division: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute(*usage_sql.admitting(application.pk, division, 1, now=timezone.now()))
            assert cursor.fetchall()

    def function(division: int) -> None:
        usage.reserve(application=application, division=division)

    return {
        "floor": floor,
        "statement": statement,
        "Django floor": django_floor,
        "Django statement": django_statement,
        "function": function,
    }


@contextmanager
def _driver() -> Iterator[Execute]:
    """Yield what runs a statement by the driver's own cursor, on a connection with Django's settings."""
    from django.db import connection  # noqa: PLC0415

    connection.ensure_connection()
    if connection.vendor == "sqlite":
        raw = connection.connection
        yield lambda statement, values: raw.execute(
            statement % {name: f":{name}" for name in values}, values
        ).fetchall()
        return

    import psycopg  # noqa: PLC0415 (not for SQLite)

    ours = {"context", "cursor_factory", "prepare_threshold"}
    settings = {name: value for name, value in connection.get_connection_params().items() if name not in ours}
    with psycopg.connect(**settings, autocommit=True) as driver:

        def execute(statement: str, values: dict[str, Any]) -> list[Any]:
            with driver.cursor() as cursor:
                cursor.execute(statement, values)
                return cursor.fetchall() if cursor.description else []

        yield execute


def _durable() -> str:
    """Say what a commit waits for here."""
    from django.db import connection  # noqa: PLC0415

    names = ("synchronous",) if connection.vendor == "sqlite" else ("fsync", "synchronous_commit")
    said = []
    with connection.cursor() as cursor:
        for name in names:
            cursor.execute(f"PRAGMA {name}" if connection.vendor == "sqlite" else f"SHOW {name}")
            said.append(f"{name} = {cursor.fetchone()[0]}")
    return f"{', '.join(said)}."


if __name__ == "__main__":
    django.setup()
    main()
