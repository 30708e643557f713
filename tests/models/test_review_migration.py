"""What was kept by hand of permission and approved scopes becomes rows, by the migrations themselves."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

BEFORE, AFTER = [("integrations", "0010_set_up_journey")], [("integrations", "0013_review_frozen")]
DAY = timezone.localdate()
TOLD = {"permission_on": DAY, "permission_note": "By letter.", "permission_evidence": "https://x.example/1"}


def _migrate(to: list[tuple[str, str]]) -> Any:
    executor = MigrationExecutor(connection)
    executor.migrate(to)
    return MigrationExecutor(connection).loader.project_state(to).apps


@pytest.fixture
def migrated(transactional_db: None) -> Any:
    """Make apps in the old tables, migrate, and give the new tables; at the end all migrations are applied."""

    def migrate(*apps: dict[str, Any]) -> Any:
        old = _migrate(BEFORE).get_model("integrations", "Application").objects
        for app in apps:
            values = {"id": uuid4(), "region": "nl", "name": "A", "origin": "https://x.example", "created_by": "portal"}
            old.create(**values, redirect_uri="https://portal.example/", **app)
        return _migrate(AFTER)

    try:
        yield migrate
    finally:
        executor = MigrationExecutor(connection)
        executor.migrate(executor.loader.graph.leaf_nodes())


@pytest.mark.parametrize(
    ("was", "state"), [("in_review", "requested"), ("granted", "granted"), ("rejected", "refused")]
)
def test_a_permission_and_its_note_become_a_request_and_a_step(migrated: Any, was: str, state: str) -> None:
    apps = migrated({"permission_status": was, **TOLD}, {})
    request = apps.get_model("integrations", "PermissionRequest").objects.get()
    step = apps.get_model("integrations", "WorkflowStep").objects.get()
    assert (request.number, request.state, request.created_by) == (1, state, "portal")
    assert (step.permission_id, step.code, step.before, step.after) == (request.pk, "as_it_stood", "none", state)
    assert (step.on, step.note, step.evidence) == (DAY, "By letter.", "https://x.example/1")


def test_a_note_without_a_permission_is_kept_and_nothing_becomes_no_row(migrated: Any) -> None:
    apps = migrated({"permission_note": "Asked by phone."}, {})
    assert not apps.get_model("integrations", "PermissionRequest").objects.exists()
    step = apps.get_model("integrations", "WorkflowStep").objects.get()
    assert (step.permission_id, step.after, step.note) == (None, "none", "Asked by phone.")


def test_approved_scopes_become_the_first_approval(migrated: Any) -> None:
    apps = migrated({"approved_scopes": {"crm.accounts": "read"}}, {})
    approval = apps.get_model("integrations", "ScopeApproval").objects.get()
    assert (approval.number, approval.scopes) == (1, {"crm.accounts": "read"})
    assert (approval.approved_on, approval.review_id) == (None, None)
