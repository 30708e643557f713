"""What lint sees of apps, read by the same few queries however many they are."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.models import Application, ClientSecret, Company, KeyTest, Organization
from integrations.rules.lint import Severity
from integrations.services import app_facts, app_states, applications, links, secrets
from tests import customers
from tests.conftest import CLIENT_ID, SECRET, SOMEBODY

pytestmark = pytest.mark.django_db
MakeApp = Callable[..., Application]


def codes(application: Application) -> set[str]:
    return {finding.code for finding in app_facts.findings(application)}


def test_a_new_app_lacks_both_keys(make_app: MakeApp) -> None:
    assert {"client_id.missing", "client_secret.missing"} <= codes(make_app(secret=None, client_id=None))


def test_the_secret_of_another_app_is_known_by_its_fingerprint(make_app: MakeApp) -> None:
    make_app(name="The other", client_id=None)
    application = make_app()
    (finding,) = [one for one in app_facts.findings(application) if one.code == "client_secret.shared"]
    assert "The other" in finding.text
    secrets.set(application, "another1secret", by=SOMEBODY)
    assert "client_secret.shared" not in codes(application)


@pytest.mark.parametrize("change", [str, str.upper])
def test_a_client_id_that_was_stored_as_the_secret_is_found(make_app: MakeApp, change: Callable[[str], str]) -> None:
    application = make_app(client_id=None, secret=change(CLIENT_ID))
    application.client_id = CLIENT_ID
    applications.change(application, by=SOMEBODY)
    assert "client_secret.is_client_id" in codes(application)
    assert any("is the Client ID" in reason for reason in applications.why_not_enabled(application))


def test_a_secret_that_does_not_open_is_found(make_app: MakeApp) -> None:
    application = make_app()
    ClientSecret.objects.update(sealed="v1.lost.AAAA")
    assert "client_secret.closed" in codes(application)


def test_an_app_that_was_made_for_another_country_is_found(make_app: MakeApp, settings: Any) -> None:
    settings.EXACT_ORIGINS = {"nl": "https://start.exactonline.co.uk"}
    assert "region.other_host" in codes(make_app())


def test_a_name_that_another_app_of_the_region_has_is_found_unless_that_is_archived(make_app: MakeApp) -> None:
    other = make_app(client_id=None)
    application = make_app()
    assert "name.twice" in codes(application)
    app_states.archive(other, by=SOMEBODY)
    assert "name.twice" not in codes(application)
    assert "name.twice" not in codes(make_app(region="uk"))


def test_a_testing_app_with_customers_is_found_unless_they_are_gone(make_app: MakeApp) -> None:
    application = make_app(kind="testing", enable=True)
    customers.connected(application, "Jansen BV", 100)
    assert "kind.testing_with_customers" in codes(application)
    application.connections.update(status="disconnected", refresh_token="", next_check_at=None)
    assert "kind.testing_with_customers" not in codes(application)


def test_companies_of_customers_count_by_the_consent_whether_we_use_them_or_not(make_app: MakeApp) -> None:
    application = make_app(kind="testing")
    customers.connected(application, "Jansen BV", 1)
    Company.objects.update(use="not_used")
    assert app_facts.of([application])[application.pk].outside_customers == 1


def test_the_name_is_held_against_the_organization(make_app: MakeApp) -> None:
    application = make_app()
    assert "organization.unnamed" in codes(application)
    organization = Organization.objects.create(name="Acme")
    assert "name.not_ours" in codes(application)
    organization.name = "Meridian BV"
    organization.save()
    assert not {"name.not_ours", "organization.unnamed"} & codes(application)


def test_what_exact_said_of_the_present_keys_is_found(make_app: MakeApp) -> None:
    application = make_app()
    assert "keys.untested" in codes(application)
    asked = {"application": application, "asked_by": str(SOMEBODY), "client_id": CLIENT_ID, "secret_version": 1}
    KeyTest.objects.create(
        **asked, redirect_uri=application.redirect_uri, client_verdict="accepted", secret_verdict="secret_refused"
    )
    assert "client_secret.refused" in codes(application)
    assert not {"keys.untested", "keys.unclear"} & codes(application)
    secrets.set(application, "another1secret", by=SOMEBODY)
    assert "keys.untested" in codes(application)


def refuse_newest(application: Application) -> None:
    """Let Exact have refused the secret that was entered last."""
    asked = {"application": application, "asked_by": str(SOMEBODY), "client_id": CLIENT_ID}
    version = max(stored.version for stored in secrets.stored(application))
    KeyTest.objects.create(
        **asked,
        secret_version=version,
        redirect_uri=application.redirect_uri,
        client_verdict="accepted",
        secret_verdict="secret_refused",
    )


def refused(application: Application) -> Severity | None:
    found = {finding.code: finding.severity for finding in app_facts.findings(application)}
    return found.get("client_secret.refused")


def test_a_wrong_newer_secret_closes_no_app_whose_proven_one_is_in_use(make_app: MakeApp) -> None:
    application = make_app(enable=True)
    application.secrets.update(proven_at=timezone.now())
    secrets.set(application, "another1secret", by=SOMEBODY)
    refuse_newest(application)
    assert refused(application) is Severity.WARNING
    assert links.make(application, by=SOMEBODY)
    applications.disable(application, by=SOMEBODY)
    applications.enable(application, by=SOMEBODY)
    secrets.set(application, SECRET, by=SOMEBODY)
    assert refused(application) is None


def test_a_refused_secret_closes_the_app_where_no_other_is_in_use(make_app: MakeApp) -> None:
    application = make_app()
    application.secrets.update(proven_at=timezone.now())
    refuse_newest(application)
    assert refused(application) is Severity.ERROR


def test_a_refused_newer_secret_closes_the_app_where_the_older_does_not_open(make_app: MakeApp) -> None:
    application = make_app()
    application.secrets.update(proven_at=timezone.now())
    secrets.set(application, "another1secret", by=SOMEBODY)
    application.secrets.filter(status="current").update(sealed="v1.lost.AAAA")
    refuse_newest(application)
    assert refused(application) is Severity.ERROR


def test_the_queries_do_not_grow_with_the_apps(make_app: MakeApp) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            app_facts.of(Application.objects.all())
        return len(queries)

    make_app(kind="testing")
    app_facts.of(Application.objects.all())
    one = count()
    for number in range(30):
        make_app(kind="testing", name=f"App {number}", client_id=str(uuid4()), secret=f"{SECRET}{number}")
    assert count() == one <= 11
