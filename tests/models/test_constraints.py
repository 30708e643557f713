"""What must hold, holds in the database: each constraint refuses, and says which one it is."""

from collections.abc import Callable
from datetime import timedelta
from itertools import combinations
from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from integrations.models import (
    Application,
    AuditEvent,
    ClientSecret,
    KeyRingCanary,
    KeyStoredElsewhere,
    KeyTest,
    Organization,
    OrganizationLogo,
    User,
)
from integrations.rules.actors import PORTAL

pytestmark = pytest.mark.django_db
GUID = "1b0a6d1e-9c0f-4f55-8d2b-6a54c1f1a001"
OTHER_GUID = "2b0a6d1e-9c0f-4f55-8d2b-6a54c1f1a002"


def make_application(**fields: Any) -> Application:
    values = {
        "region": "nl", "kind": "product", "name": "A", "origin": "https://start.example", "created_by": str(PORTAL),
        "redirect_uri": "https://portal.example/oauth/callback/x/", **fields,
    }  # fmt: skip
    return Application.objects.create(**values)


def make_secret(**fields: Any) -> ClientSecret:
    values = {
        "version": 1, "status": "current", "sealed": "v1.k1.x", "fingerprint": "AAAA-AAAA", "set_by": str(PORTAL),
        **fields,
    }  # fmt: skip
    application = values.pop("application", None) or make_application()
    return ClientSecret.objects.create(application=application, **values)


def make_key_test(**fields: Any) -> KeyTest:
    values = {
        "client_id": GUID, "redirect_uri": "https://portal.example/", "secret_version": 1, "asked_by": str(PORTAL),
        **fields,
    }  # fmt: skip
    return KeyTest.objects.create(application=make_application(), **values)


def make_event(**fields: Any) -> AuditEvent:
    return AuditEvent.objects.create(
        **{"actor": str(PORTAL), "action": "a.b", "object_type": "application", "object_id": "1", **fields}
    )


def make_organization(**fields: Any) -> Organization:
    return Organization.objects.create(**{"name": "Meridian", **fields})


def make_key_copy(**fields: Any) -> KeyStoredElsewhere:
    values = {"key_id": "k1", "fingerprint": "AAAA-AAAA", "confirmed_by": str(PORTAL), **fields}
    return KeyStoredElsewhere.objects.create(**values)


def make_logo(**fields: Any) -> OrganizationLogo:
    values = {
        "content": b"x", "media_type": "image/png", "width": 1, "height": 1, "digest": "a" * 64,
        "organization": make_organization(), **fields,
    }  # fmt: skip
    return OrganizationLogo.objects.create(**values)


STATES = ("enabled", "stopped", "archived")
TWO_STATES = [
    {"client_id": GUID} | {f"{state}_at": timezone.now() for state in two} | {f"{state}_by": "portal" for state in two}
    for two in combinations(STATES, 2)
]
CASES: list[tuple[str, Callable[..., Any], dict[str, Any]]] = [
    ("application_kind_is_known", make_application, {"kind": "public"}),
    ("application_client_id_is_a_guid", make_application, {"client_id": "short"}),
    ("application_client_id_is_a_guid", make_application, {"client_id": ""}),
    ("application_is_named_and_placed", make_application, {"region": ""}),
    ("application_is_named_and_placed", make_application, {"name": ""}),
    ("application_is_named_and_placed", make_application, {"redirect_uri": ""}),
    ("application_origin_is_a_url", make_application, {"origin": "start.example"}),
    ("application_created_by_is_known", make_application, {"created_by": ""}),
    ("application_created_by_is_known", make_application, {"created_by": "anna"}),
    ("application_enabled_at_and_by", make_application, {"enabled_at": timezone.now(), "client_id": GUID}),
    ("application_enabled_at_and_by", make_application, {"enabled_by": "portal"}),
    (
        "application_enabled_at_and_by",
        make_application,
        {"enabled_at": timezone.now(), "enabled_by": "x", "client_id": GUID},
    ),
    ("application_enabled_has_a_client_id", make_application, {"enabled_at": timezone.now(), "enabled_by": "portal"}),
    ("application_stopped_at_and_by", make_application, {"stopped_at": timezone.now()}),
    ("application_archived_at_and_by", make_application, {"archived_by": "portal"}),
    ("application_registered_at_and_by", make_application, {"registered_by": "portal"}),
    ("application_registered_with_a_url", make_application, {"registered_redirect_uri": "https://portal.example/"}),
    (
        "application_registered_with_a_url",
        make_application,
        {"registered_at": timezone.now(), "registered_by": "portal"},
    ),
    *(("application_in_one_state", make_application, two) for two in TWO_STATES),
    ("application_keys_refused_then_tried", make_application, {"keys_refused_at": timezone.now()}),
    ("application_keys_refused_then_tried", make_application, {"keys_tried_at": timezone.now()}),
    (
        "application_keys_refused_then_tried",
        make_application,
        {"keys_refused_at": timezone.now(), "keys_tried_at": timezone.now() - timedelta(days=1)},
    ),
    ("application_version_counts_from_one", make_application, {"version": 0}),
    ("key_test_verdict_is_known", make_key_test, {"client_verdict": "maybe"}),
    ("key_test_verdict_is_known", make_key_test, {"secret_verdict": "maybe"}),
    ("key_test_of_a_secret", make_key_test, {"secret_version": 0}),
    ("key_test_of_an_app", make_key_test, {"client_id": ""}),
    ("key_test_of_an_app", make_key_test, {"redirect_uri": ""}),
    ("key_test_asked_by_is_known", make_key_test, {"asked_by": "anna"}),
    ("client_secret_status_is_known", make_secret, {"status": "lost"}),
    ("client_secret_sealed_until_retired", make_secret, {"sealed": ""}),
    ("client_secret_sealed_until_retired", make_secret, {"sealed": "plain text"}),
    ("client_secret_sealed_until_retired", make_secret, {"status": "retired"}),
    ("client_secret_version_counts_from_one", make_secret, {"version": 0}),
    ("client_secret_has_a_fingerprint", make_secret, {"fingerprint": ""}),
    ("client_secret_set_by_is_known", make_secret, {"set_by": "somebody"}),
    (
        "client_secret_proven_after_set",
        make_secret,
        {"proven_at": timezone.now() - timedelta(days=1), "set_at": timezone.now()},
    ),
    ("audit_actor_is_known", make_event, {"actor": "anna"}),
    ("audit_actor_is_known", make_event, {"actor": "portals"}),
    ("audit_says_what_to_which", make_event, {"action": ""}),
    ("audit_says_what_to_which", make_event, {"object_type": ""}),
    ("audit_says_what_to_which", make_event, {"object_id": ""}),
    ("organization_is_one_row", make_organization, {"id": 2}),
    ("organization_has_a_name", make_organization, {"name": ""}),
    ("organization_reminds_in_time", make_organization, {"remind_after_days": 0}),
    ("organization_reminds_in_time", make_organization, {"remind_after_days": 91}),
    ("key_ring_canary_is_one_row", KeyRingCanary.objects.create, {"id": uuid4(), "sealed": "v1.k1.x"}),
    ("key_stored_elsewhere_is_named", make_key_copy, {"key_id": ""}),
    ("key_stored_elsewhere_is_named", make_key_copy, {"fingerprint": ""}),
    ("key_stored_elsewhere_by_is_known", make_key_copy, {"confirmed_by": "anna"}),
    ("logo_is_an_image", make_logo, {"media_type": "image/svg+xml"}),
    ("logo_has_size_and_digest", make_logo, {"width": 0}),
    ("logo_has_size_and_digest", make_logo, {"height": 0}),
    ("logo_has_size_and_digest", make_logo, {"digest": "a"}),
    ("key_ring_canary_is_sealed", KeyRingCanary.objects.create, {"sealed": "plain"}),
]


@pytest.mark.parametrize(("name", "make", "fields"), CASES, ids=[f"{name}-{i}" for i, (name, _, _) in enumerate(CASES)])
def test_a_row_that_breaks_a_constraint_is_refused(name: str, make: Callable[..., Any], fields: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        make(**fields)


def test_every_check_constraint_has_a_case() -> None:
    ours = (
        Application,
        ClientSecret,
        AuditEvent,
        Organization,
        OrganizationLogo,
        KeyRingCanary,
        KeyStoredElsewhere,
        KeyTest,
    )
    checks = {c.name for model in ours for c in model._meta.constraints if type(c).__name__ == "CheckConstraint"}
    assert checks == {name for name, _, _ in CASES}


def test_rows_as_they_should_be_are_admitted() -> None:
    application = make_application(client_id=GUID, enabled_at=timezone.now(), enabled_by="command:root")
    make_secret(application=application)
    make_secret(application=application, version=2, status="newer")
    make_secret(application=application, version=3, status="retired", sealed="")
    make_secret(application=application, version=4, status="retired", sealed="")
    make_logo()
    make_key_copy()
    make_event(actor=f"person:{uuid4()}")


def test_a_client_id_is_taken_once_a_region_whatever_its_case() -> None:
    make_application(client_id=GUID)
    make_application(client_id=GUID, region="uk")
    make_application(client_id=OTHER_GUID)
    make_application(client_id=None)
    make_application(client_id=None)
    with pytest.raises(IntegrityError, match="application_client_id_once_a_region"), transaction.atomic():
        make_application(client_id=GUID.upper())


@pytest.mark.parametrize(
    ("second", "name"),
    [
        ({"version": 1, "status": "newer"}, "version_once_an_app|version"),
        ({"version": 2, "status": "current"}, "one_current_an_app|application_id"),
    ],
)
def test_an_app_has_one_secret_of_a_version_and_one_in_use(second: dict[str, Any], name: str) -> None:
    application = make_application()
    make_secret(application=application)
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        make_secret(application=application, **second)


def test_an_app_has_one_newer_secret() -> None:
    application = make_application()
    make_secret(application=application, status="newer")
    with pytest.raises(IntegrityError), transaction.atomic():
        make_secret(application=application, status="newer", version=2)


def test_a_second_organization_is_refused() -> None:
    make_organization()
    with pytest.raises(IntegrityError), transaction.atomic():
        Organization.objects.create(name="Another")


def test_a_key_is_confirmed_once() -> None:
    make_key_copy()
    with pytest.raises(IntegrityError), transaction.atomic():
        make_key_copy(key_id="k2")
    make_key_copy(fingerprint="BBBB-BBBB")


def test_an_event_is_written_once() -> None:
    event = make_event()
    event.action = "c.d"
    with pytest.raises(TypeError, match="written once"):
        event.save()
    with pytest.raises(TypeError, match="written once"):
        event.delete()
    assert AuditEvent.objects.get().action == "a.b"


def test_a_time_zone_is_one_that_exists() -> None:
    for name in ("Europe/Amsterdam", "UTC"):
        Organization(name="A", time_zone=name).full_clean()
    for name in ("Mars/Base", "", "../etc/passwd", "Europe", "\x00"):
        with pytest.raises(ValidationError):
            Organization(name="A", time_zone=name).full_clean()


def test_rows_in_urls_have_uuid_keys() -> None:
    for model in (User, Application, ClientSecret, AuditEvent):
        assert model._meta.pk.get_internal_type() == "UUIDField"


def test_foreign_keys_hold_on_this_database() -> None:
    ClientSecret(
        application_id=uuid4(), version=1, status="current", sealed="v1.k1.x", fingerprint="A", set_by="portal"
    ).save()
    with pytest.raises(IntegrityError), transaction.atomic():
        connection.check_constraints()
    ClientSecret.objects.all().delete()


def test_no_model_shows_what_it_seals() -> None:
    secret = make_secret(sealed="v1.k1.SEALED")
    canary = KeyRingCanary.objects.create(sealed="v1.k1.SEALED")
    for shown in (repr(secret), str(secret), repr(canary), str(canary)):
        assert "SEALED" not in shown
