"""The database refuses to change an event, or to delete one before its seven years are over.

A later migration that makes SQLite build this table anew drops the triggers with the old one: such a migration
has to call ``guard`` again, and tests/models/test_activity_guard.py fails until it does.
"""

from django.db import migrations

DAYS = 2557  # rules.retention.ACTIVITY

SQLITE = (
    """
    CREATE TRIGGER activity_is_not_changed BEFORE UPDATE ON integrations_auditevent
    BEGIN SELECT RAISE(ABORT, 'activity_is_not_changed'); END
    """,
    f"""
    CREATE TRIGGER activity_is_kept BEFORE DELETE ON integrations_auditevent
    WHEN OLD.at > strftime('%Y-%m-%d %H:%M:%f', 'now', '-{DAYS} days')
    BEGIN SELECT RAISE(ABORT, 'activity_is_kept'); END
    """,
    # REPLACE deletes the row in its way without asking the trigger above. -1: no rowid was given.
    """
    CREATE TRIGGER activity_is_not_replaced BEFORE INSERT ON integrations_auditevent
    WHEN EXISTS (
        SELECT 1 FROM integrations_auditevent
        WHERE id = NEW.id OR (rowid = NEW.rowid AND NEW.rowid <> -1)
    )
    BEGIN SELECT RAISE(ABORT, 'activity_is_not_replaced'); END
    """,
)
POSTGRESQL = (
    f"""
    CREATE FUNCTION integrations_guard_activity() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' THEN
            IF OLD.at < statement_timestamp() - interval '{DAYS} days' THEN
                RETURN OLD;
            END IF;
            RAISE EXCEPTION 'activity_is_kept' USING ERRCODE = 'restrict_violation';
        END IF;
        RAISE EXCEPTION 'activity_is_not_changed' USING ERRCODE = 'restrict_violation';
    END $$
    """,
    """
    CREATE TRIGGER activity_is_kept BEFORE UPDATE OR DELETE ON integrations_auditevent
    FOR EACH ROW EXECUTE FUNCTION integrations_guard_activity()
    """,
    """
    CREATE TRIGGER activity_is_not_emptied BEFORE TRUNCATE ON integrations_auditevent
    FOR EACH STATEMENT EXECUTE FUNCTION integrations_guard_activity()
    """,
)
UNGUARD = {
    "sqlite": (
        "DROP TRIGGER IF EXISTS activity_is_not_changed",
        "DROP TRIGGER IF EXISTS activity_is_kept",
        "DROP TRIGGER IF EXISTS activity_is_not_replaced",
    ),
    "postgresql": ("DROP FUNCTION IF EXISTS integrations_guard_activity() CASCADE",),
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
        ('integrations', '0007_retention'),
    ]

    operations = [migrations.RunPython(guard, unguard)]
