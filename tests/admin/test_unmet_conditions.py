"""Every condition that keeps an app from being enabled, by page, toggle, command and service alike: one rule."""

from collections.abc import Callable
from io import StringIO
from typing import Any, Final

import pytest
from django.contrib.messages import get_messages
from django.core.management import CommandError, call_command
from django.test import Client

from integrations.exact.key_test import Verdict
from integrations.exact.regions import by_code
from integrations.models import Application, AuditEvent, ClientSecret, KeyTest
from integrations.rules.lint import Severity
from integrations.services import app_facts, app_states, applications, refused_keys
from integrations.services.refusals import Refused
from tests.conftest import CLIENT_ID, SOMEBODY
from tests.rules.test_lint import CASES

pytestmark = pytest.mark.django_db
HOME: Final = "/admin/integrations/application/"
PUBLIC: Final = "https://portal.example.com/oauth/callback/"
MakeApp = Callable[..., Application]


def asked_exact(make_app: MakeApp, client: Verdict, secret: Verdict | str) -> Application:
    application = make_app()
    KeyTest.objects.create(
        application=application,
        asked_by=str(SOMEBODY),
        client_id=CLIENT_ID,
        redirect_uri=application.redirect_uri,
        secret_version=1,
        client_verdict=client,
        secret_verdict=secret,
    )
    return application


def closed(make_app: MakeApp, settings: Any) -> Application:
    application = make_app()
    ClientSecret.objects.update(sealed="v1.lost.AAAA")
    return application


def mistaken(make_app: MakeApp, settings: Any) -> Application:
    """Somebody pasted the Client ID where the secret goes, before the Client ID was there to tell."""
    application = make_app(client_id=None, secret=CLIENT_ID)
    application.client_id = CLIENT_ID
    applications.change(application, by=SOMEBODY)
    return application


def real(redirect_uri: str) -> Callable[[MakeApp, Any], Application]:
    """An app of the real Exact; browsers come back to this address."""

    def make(make_app: MakeApp, settings: Any) -> Application:
        settings.EXACT_ORIGINS = {"nl": by_code("nl").origin}
        application = make_app()
        Application.objects.filter(pk=application.pk).update(redirect_uri=redirect_uri)
        application.refresh_from_db()
        return application

    return make


def otherwise_registered(make_app: MakeApp, settings: Any) -> Application:
    application = real(f"{PUBLIC}1/")(make_app, settings)
    applications.register(application, f"{PUBLIC}another/", by=SOMEBODY)
    return application


def abroad(make_app: MakeApp, settings: Any) -> Application:
    settings.EXACT_ORIGINS = {"nl": by_code("uk").origin}
    return make_app()


def at_work_refused(make_app: MakeApp, settings: Any) -> Application:
    application = make_app()
    refused_keys.note(application, application.secrets.stored())
    application.refresh_from_db()
    return application


SPOILT: Final[dict[str, Callable[[MakeApp, Any], Application]]] = {
    "region.other_host": abroad,
    "client_id.missing": lambda make_app, settings: make_app(client_id=None),
    "client_secret.missing": lambda make_app, settings: make_app(secret=None),
    "client_secret.closed": closed,
    "client_secret.is_client_id": mistaken,
    "redirect.not_https": real("http://portal.example.com/oauth/callback/1/"),
    "redirect.not_public": real("https://127.0.0.1/oauth/callback/1/"),
    "redirect.differs": otherwise_registered,
    "client_id.unknown": lambda make_app, settings: asked_exact(make_app, Verdict.UNKNOWN_CLIENT, ""),
    "keys.refused": at_work_refused,
    "client_secret.refused": lambda make_app, settings: asked_exact(make_app, Verdict.ACCEPTED, Verdict.SECRET_REFUSED),
}


def test_every_condition_of_the_rule_has_its_case() -> None:
    assert SPOILT.keys() == {code for _, code, severity in CASES if severity is Severity.ERROR}


@pytest.mark.parametrize("code", SPOILT)
def test_page_toggle_command_and_service_refuse_by_the_same_words(
    annas: Client, make_app: MakeApp, settings: Any, code: str
) -> None:
    application = SPOILT[code](make_app, settings)
    (reason,) = [finding.text for finding in app_facts.findings(application) if finding.code == code]
    before = AuditEvent.objects.count()

    with pytest.raises(Refused) as refused:
        applications.enable(application, by=SOMEBODY)
    assert reason in refused.value.reasons

    with pytest.raises(CommandError) as failed:
        call_command("set_keys", app=application.pk, enable=True, stdout=StringIO())
    assert str(failed.value) == " ".join(refused.value.reasons)

    address = f"{HOME}{application.pk}/enable/"
    response: Any = annas.post(f"{HOME}{application.pk}/toggle/", {"to": "on"})
    assert response.url == f"{address}?next=list"
    page: Any = annas.get(response.url)
    assert page.context["reasons"] == refused.value.reasons
    assert ">Enable</button>" not in page.content.decode()

    sent: Any = annas.post(address)
    assert tuple(str(message) for message in get_messages(sent.wsgi_request)) == refused.value.reasons

    application.refresh_from_db()
    assert not application.is_enabled
    assert AuditEvent.objects.count() == before


@pytest.mark.parametrize("verb", [app_states.stop, app_states.archive])
def test_a_stopped_or_archived_app_is_refused_by_all_of_them(annas: Client, make_app: MakeApp, verb: Any) -> None:
    application = make_app()
    verb(application, by=SOMEBODY)
    reasons = applications.why_not_enabled(application)
    assert len(reasons) == 1
    with pytest.raises(Refused) as refused:
        applications.enable(application, by=SOMEBODY)
    assert refused.value.reasons == reasons
    with pytest.raises(CommandError, match=reasons[0]):
        call_command("set_keys", app=application.pk, enable=True, stdout=StringIO())
    page: Any = annas.get(f"{HOME}{application.pk}/enable/")
    assert page.context["reasons"] == reasons


def test_a_new_app_is_refused_by_its_command_with_every_reason() -> None:
    with pytest.raises(CommandError) as failed:
        call_command("add_app", region="nl", kind="product", name="Meridian Bookings", enable=True, stdout=StringIO())
    assert "The Client ID is missing." in str(failed.value)
    assert "The Client secret is missing." in str(failed.value)
    assert not Application.objects.exists()
