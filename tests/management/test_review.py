"""``manage.py review`` and ``review_evidence``."""

import io
import json
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from integrations.models import Application, AuditEvent
from tests.conftest import SECRET
from tests.reviews import drafted, taken

pytestmark = pytest.mark.django_db
MakeApp = Callable[..., Application]


def run(*arguments: Any) -> list[dict[str, Any]]:
    written = io.StringIO()
    call_command(*map(str, arguments), stdout=written)
    return [json.loads(line) for line in written.getvalue().splitlines()]


def refused(*arguments: Any) -> str:
    with pytest.raises(CommandError) as error:
        run(*arguments)
    assert error.value.returncode == 1
    return str(error.value)


def test_it_tells_where_the_newest_round_stands_and_what_is_wrong(make_app: MakeApp) -> None:
    app = make_app()
    assert run("review", "--app", app.pk) == [{"app": str(app.pk), "round": None, "state": None}]
    taken(drafted(app), "submit", "reject", concerned=["terms"])
    first, *findings = run("review", "--app", app.pk)
    assert (first["round"], first["state"], first["sha256"], first["concerned"]) == (2, "draft", None, ["terms"])
    assert (first["earlier"], first["with_exact"], first["remind"]) == ([0], 0, False)
    assert {"code", "severity", "text", "field"} == findings[0].keys()


def test_it_tells_in_what_the_app_differs_from_what_was_approved(make_app: MakeApp) -> None:
    app = make_app()
    taken(drafted(app), "submit", "approve")
    Application.objects.update(name="New")
    assert "is “New” now" in run("review", "--app", app.pk)[-1]["drift"]


def test_it_reads_as_text_too(make_app: MakeApp) -> None:
    app = make_app()
    drafted(app)
    written = io.StringIO()
    call_command("review", "--app", str(app.pk), "--text", stdout=written)
    assert "state: draft" in written.getvalue()


def test_the_evidence_is_written_to_a_new_file_for_this_user_only(make_app: MakeApp, tmp_path: Path) -> None:
    app = make_app()
    taken(drafted(app), "submit", "reject")
    (told,) = run("review_evidence", "--app", app.pk, "--round", 1, "--output", tmp_path)
    path = tmp_path / "review-meridian-bookings-round-1.zip"
    assert (told["path"], told["round"], told["state"]) == (str(path), 1, "rejected")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert told["bytes"] == path.stat().st_size
    with zipfile.ZipFile(path) as archive:
        assert "review.html" in archive.namelist()
    assert SECRET.encode() not in path.read_bytes()
    run("review_evidence", "--app", app.pk, "--output", tmp_path / "newest.zip")
    assert [event.details["round"] for event in AuditEvent.objects.filter(action="review.packed").order_by("at")] == [
        1,
        2,
    ]


def test_nothing_is_overwritten_and_no_such_round_is_refused(make_app: MakeApp, tmp_path: Path) -> None:
    app = make_app()
    assert "has no round" in refused("review_evidence", "--app", app.pk, "--output", tmp_path / "a.zip")
    drafted(app)
    assert "no round 7" in refused("review_evidence", "--app", app.pk, "--round", 7, "--output", tmp_path / "a.zip")
    assert "cannot be written" in refused("review_evidence", "--app", app.pk, "--output", tmp_path / "no" / "a.zip")
    (tmp_path / "a.zip").write_text("mine")
    assert "already" in refused("review_evidence", "--app", app.pk, "--output", tmp_path / "a.zip")
    assert (tmp_path / "a.zip").read_text() == "mine"
    assert "no app" in refused("review", "--app", uuid4())
