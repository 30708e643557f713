"""A lived-in house for tests that copy databases, and all that it holds.

Run within ``manage.py shell`` by a process of its own, so that it uses the database of DATABASE_URL.
"""

import json
import uuid
from datetime import timedelta

from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone

from integrations import models
from integrations.rules.actors import PORTAL
from integrations.services import applications, key_copies, keyring, sealed_rows, secrets, usage

SECRETS = {"secret": "Zq3k9Xm2pL7v", "refresh": "stampNL001.refresh!token", "access": "stampNL001.access!token"}


def fill() -> None:
    """Put a row into every table of ours that matters, circles between tables included."""
    anna = models.User.objects.create_superuser("anna", password="correct horse battery")
    group = Group.objects.create(name="Test group")
    group.permissions.set(Permission.objects.filter(codename="view_company"))
    anna.groups.add(group)
    session = SessionStore()
    session["a"] = 1
    session.save()
    app = models.Application(region="nl", kind="product", name="Meridian", client_id=str(uuid.uuid4()))
    app.redirect_uri = "https://meridian.example/oauth/back/"
    applications.add(app, by=PORTAL)
    secrets.set(app, SECRETS["secret"], by=PORTAL)
    applications.enable(app, by=PORTAL)
    customer = models.Customer.objects.create(name="Jansen & Zoon “BV”", created_by=str(PORTAL))
    models.Organization.objects.create(name="Meridian", time_zone="Europe/Amsterdam")
    connection = models.Connection(application=app, status="connected", exact_user_id="u1", token_generation=3)
    connection.refresh_token = keyring.seal(SECRETS["refresh"], connection.place(connection.REFRESH_TOKEN))
    connection.access_token = keyring.seal(SECRETS["access"], connection.place(connection.ACCESS_TOKEN))
    connection.next_check_at = timezone.now() + timedelta(hours=6)
    connection.save()
    for division in range(123456, 123456 + 1100):
        company = models.Company(application=app, division=division, name="Jansen BV", customer=customer)
        company.save()
        company.primary_access = models.Access.objects.create(company=company, connection=connection)
        company.save()
    models.ConnectionCheck.objects.create(connection=connection, milliseconds=120, ok=True, evidence=["GET /Me: 200"])
    usage.settle(usage.reserve(application=app, division=123456, purpose="check", connection=connection), {}, 200)
    key_copies.confirm(keyring.ring().first.id, by=PORTAL)


def show() -> None:
    """Print every row of every table by its values, and every sealed value opened."""
    every = [model for model in apps.get_models(include_auto_created=True) if model._meta.managed]
    tables = {
        model._meta.db_table: sorted(
            json.dumps(row, default=str, sort_keys=True) for row in model._base_manager.values().iterator()
        )
        for model in every
    }
    opened = {
        f"{column.name} {row.pk}": keyring.open_(column.token(row), column.place(row))
        for column in (sealed_rows.CANARY, *sealed_rows.COLUMNS)
        for row in column.rows()
    }
    print(json.dumps({"tables": tables, "opened": opened}))  # noqa: T201
