"""What was kept by hand of permission and approved scopes becomes rows."""

from django.db import migrations

STATES = {"in_review": "requested", "granted": "granted", "rejected": "refused"}
BY = "portal"


def write_rows(apps, schema_editor):
    for app in apps.get_model("integrations", "Application").objects.order_by("created_at"):
        _permission(apps, app)
        if app.approved_scopes:
            approvals = apps.get_model("integrations", "ScopeApproval").objects
            approvals.create(application=app, number=1, scopes=app.approved_scopes, recorded_by=BY)


def _permission(apps, app):
    state = STATES.get(app.permission_status, "none")
    told = {"on": app.permission_on, "note": app.permission_note, "evidence": app.permission_evidence}
    if state == "none" and not any(told.values()):
        return
    permission = None
    if state != "none":
        requests = apps.get_model("integrations", "PermissionRequest").objects
        permission = requests.create(application=app, number=1, state=state, created_by=BY)
    apps.get_model("integrations", "WorkflowStep").objects.create(
        application=app, permission=permission, code="as_it_stood", before="none", after=state, by=BY, **told
    )


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0011_review'),
    ]

    operations = [migrations.RunPython(write_rows, migrations.RunPython.noop)]
