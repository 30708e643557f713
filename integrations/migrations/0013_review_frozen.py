"""The columns that kept the permission by hand go, and the database refuses to change what was submitted.

A later migration that makes SQLite build the table of reviews anew drops the triggers with the old one: such a
migration has to call ``guard`` again, and tests/models/test_review_guard.py fails until it does.
"""

from django.db import migrations

FROZEN = ("application_id", "number", "form", "concerned", "submitted", "submitted_hash")
_CHANGED = {
    "sqlite": " OR ".join(f"NEW.{name} IS NOT OLD.{name}" for name in FROZEN),
    "postgresql": " OR ".join(f"NEW.{name} IS DISTINCT FROM OLD.{name}" for name in FROZEN),
}
SQLITE = (
    f"""
    CREATE TRIGGER review_is_frozen BEFORE UPDATE ON integrations_review
    WHEN OLD.submitted_hash <> '' AND (NEW.state = 'draft' OR {_CHANGED["sqlite"]})
    BEGIN SELECT RAISE(ABORT, 'review_is_frozen'); END
    """,
)
POSTGRESQL = (
    """
    CREATE FUNCTION integrations_freeze_review() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'review_is_frozen' USING ERRCODE = 'restrict_violation';
    END $$
    """,
    f"""
    CREATE TRIGGER review_is_frozen BEFORE UPDATE ON integrations_review FOR EACH ROW
    WHEN (OLD.submitted_hash <> '' AND (NEW.state = 'draft' OR {_CHANGED["postgresql"]}))
    EXECUTE FUNCTION integrations_freeze_review()
    """,
)
UNGUARD = {
    "sqlite": ("DROP TRIGGER IF EXISTS review_is_frozen",),
    "postgresql": ("DROP FUNCTION IF EXISTS integrations_freeze_review() CASCADE",),
}


def guard(apps, schema_editor):
    unguard(apps, schema_editor)
    for statement in {"sqlite": SQLITE, "postgresql": POSTGRESQL}[schema_editor.connection.vendor]:
        schema_editor.execute(statement, None)


def unguard(apps, schema_editor):
    for statement in UNGUARD[schema_editor.connection.vendor]:
        schema_editor.execute(statement, None)


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0012_permission_rows'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='application',
            name='application_permission_is_known',
        ),
        migrations.RemoveField(
            model_name='application',
            name='approved_scopes',
        ),
        migrations.RemoveField(
            model_name='application',
            name='permission_evidence',
        ),
        migrations.RemoveField(
            model_name='application',
            name='permission_note',
        ),
        migrations.RemoveField(
            model_name='application',
            name='permission_on',
        ),
        migrations.RemoveField(
            model_name='application',
            name='permission_status',
        ),
        migrations.RunPython(guard, unguard),
    ]
