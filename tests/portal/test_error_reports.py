"""A view that fails with a secret in its hands: neither the page, nor the mail, nor the log shows it."""

import io
import logging
import secrets
from collections.abc import Iterator
from email import message_from_bytes, policy
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from django.utils.log import AdminEmailHandler
from django.views.debug import ExceptionReporter

from portal.error_reports import Reporter
from tests.ports import free_port


def failing(request: HttpRequest) -> HttpResponse:
    values = [*request.POST.values(), *request.GET.values(), *request.COOKIES.values(), *request.headers.values()]
    kept = {"again": values, "secret": request.POST.get("client_secret", "")}
    raise RuntimeError(f"cannot go on after {len(kept)} things")


def failing_within(request: HttpRequest) -> HttpResponse:
    local = request.POST.get("client_secret", "")
    try:
        return {}[len(local)]
    except KeyError as error:
        raise RuntimeError("cannot go on") from error


urlpatterns = [path("failing/", failing), path("within/", failing_within)]
handler500 = "integrations.views.errors.server_error"


class Postbox:
    """A real SMTP server's other end: keeps what it is sent."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 (aiosmtpd's)
        self.mails.append(bytes(envelope.content or b""))
        return "250 OK"

    def text(self) -> str:
        """Return every header and part, decoded: a canary in base64 would hide."""
        found = []
        for raw in self.mails:
            message = message_from_bytes(raw, policy=policy.default)
            found.append(str(message.items()))
            found += [part.get_content() for part in message.walk() if not part.is_multipart()]
        return "\n".join(found)


@pytest.fixture
def postbox(settings: Any) -> Iterator[Postbox]:
    postbox = Postbox()
    controller = Controller(postbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", controller.port
    settings.ADMINS = [("Operator", "operator@example.com")]
    yield postbox
    controller.stop()


@pytest.fixture
def log(postbox: Postbox) -> Iterator[io.StringIO]:
    """Return everything that is logged at any level; errors are mailed with the page, as an operator may choose."""
    stream = io.StringIO()
    lines, mails = logging.StreamHandler(stream), AdminEmailHandler(include_html=True)
    mails.setLevel(logging.ERROR)
    root, requests = logging.getLogger(), logging.getLogger("django.request")
    before = root.level
    root.setLevel(logging.DEBUG)
    root.addHandler(lines)
    requests.addHandler(mails)
    yield stream
    root.setLevel(before)
    root.removeHandler(lines)
    requests.removeHandler(mails)


@pytest.mark.django_db
@pytest.mark.urls("tests.portal.test_error_reports")
@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("address", ["/failing/", "/within/"])
@pytest.mark.parametrize("kind", ["form", "json", "file"])
def test_a_secret_in_the_hands_of_a_failing_view_is_shown_nowhere(
    settings: Any, postbox: Postbox, log: io.StringIO, debug: bool, address: str, kind: str
) -> None:
    settings.DEBUG = debug
    canary = f"Kanarie{secrets.token_hex(12)}"
    client = Client(raise_request_exception=False, REMOTE_USER=canary)
    client.cookies["preference"] = client.cookies[settings.SESSION_COOKIE_NAME] = canary
    body: dict[str, Any] = {
        "form": {"data": {"client_secret": canary, "name": "Meridian"}},
        "json": {"data": {"client_secret": canary}, "content_type": "application/json"},
        "file": {"data": {"client_secret": canary, "file": SimpleUploadedFile(canary, canary.encode())}},
    }[kind]
    response = client.post(
        f"{address}?code={canary}&state=1",
        headers={"Authorization": f"Bearer {canary}", "X-Note": canary, "Referer": f"http://testserver/?{canary}"},
        **body,
    )
    assert response.status_code == 500
    page = response.content.decode()
    assert canary not in page
    assert ("cannot go on" in page) is debug
    assert len(postbox.mails) >= 1
    mail = postbox.text()
    assert canary not in mail
    assert "cannot go on" in mail
    assert "text/html" in mail
    assert canary not in log.getvalue()
    assert "Internal Server Error" in log.getvalue()


@pytest.mark.django_db
@pytest.mark.urls("tests.portal.test_error_reports")
def test_a_page_that_is_missing_does_not_repeat_the_query(settings: Any, log: io.StringIO) -> None:
    settings.DEBUG = True
    canary = f"Kanarie{secrets.token_hex(12)}"
    response = Client().post(f"/missing/?code={canary}", {"client_secret": canary}, headers={"X-Note": canary})
    assert response.status_code == 404
    assert canary not in log.getvalue()


def test_no_setting_that_can_hold_a_secret_is_shown(settings: Any) -> None:
    canary = f"Kanarie{secrets.token_hex(12)}"
    settings.DEBUG = True
    settings.SECRET_KEY = canary * 3
    settings.EMAIL_HOST_PASSWORD = canary
    settings.EMAIL_URL = settings.CELERY_BROKER_URL = f"redis://:{canary}@host/0"
    settings.CACHES = {"default": {"BACKEND": "x", "LOCATION": f"redis://:{canary}@host/1"}}
    error = RuntimeError("cannot go on")
    reporter: ExceptionReporter = Reporter(None, type(error), error, None)
    shown = reporter.get_traceback_html() + reporter.get_traceback_text()
    assert "cannot go on" in shown
    assert canary not in shown
    assert settings.PORTAL_KEYS.ids[0] not in reporter.get_traceback_data()["settings"].values()


def test_the_text_around_a_character_that_cannot_be_encoded_is_not_shown() -> None:
    error = UnicodeEncodeError("ascii", "Kanarie\u00e9Vogel", 7, 8, "ordinal not in range(128)")
    reporter: ExceptionReporter = Reporter(None, type(error), error, None)
    shown = reporter.get_traceback_html() + reporter.get_traceback_text()
    assert "can&#x27;t encode character" in shown
    assert "Vogel" not in shown
