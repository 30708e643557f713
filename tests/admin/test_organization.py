"""The Organization page: the logo, the contact, the time zone."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.template import Context, Template, TemplateSyntaxError
from django.test import Client
from django.utils import timezone

from integrations.models import AuditEvent, Organization, OrganizationLogo
from integrations.rules.images import clean
from tests.pictures import JPEG, chunk, png

pytestmark = pytest.mark.django_db
ADD = "/admin/integrations/organization/add/"
CHANGE = "/admin/integrations/organization/1/change/"
FILLED: dict[str, Any] = {
    "name": "Meridian", "time_zone": "Europe/Amsterdam", "remind_after_days": 5, "support_name": "Service desk",
    "support_email": "help@meridian.example", "support_phone": "+31 20 555 0100",
    "privacy_policy_url": "https://meridian.example/privacy",
}  # fmt: skip


def upload(data: bytes, name: str = "logo.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, "text/html")


@pytest.fixture
def filled(annas: Client) -> Client:
    assert annas.post(ADD, {**FILLED, "logo": upload(png())}).status_code == 302
    return annas


def test_everything_about_ourselves_is_stored_and_told(filled: Client) -> None:
    row = Organization.objects.get()
    assert {name: getattr(row, name) for name in FILLED} == FILLED
    assert row.logo.content == png()
    event = AuditEvent.objects.get()
    assert event.action == "organization.added"
    link_page = filled.get("/connect/result/").content.decode()
    for said in ("Service desk", "help@meridian.example", "+31 20 555 0100", "https://meridian.example/privacy"):
        assert said in link_page
    assert f'src="/connect/logo/{row.logo.digest}/"' in link_page


def test_the_logo_is_served_as_a_picture_and_may_be_kept(filled: Client, client: Client) -> None:
    row = OrganizationLogo.objects.get()
    response = Client().get(f"/connect/logo/{row.digest}/")
    assert response.content == png()
    assert response.headers["Content-Type"] == "image/png"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.headers["Content-Security-Policy"].count("default-src 'none'") == 1
    assert "Set-Cookie" not in response.headers
    assert Client().post(f"/connect/logo/{row.digest}/").status_code == 405
    for unknown in ("0" * 64, "x", row.digest[:-1], "%00"):
        missing = Client().get(f"/connect/logo/{unknown}/")
        assert missing.status_code == 404
        assert missing.headers["Cache-Control"] == "no-store"


def test_a_new_logo_has_a_new_address_and_the_old_one_is_gone(filled: Client) -> None:
    before = OrganizationLogo.objects.get().digest
    assert filled.post(CHANGE, {**FILLED, "logo": upload(JPEG)}).status_code == 302
    row = OrganizationLogo.objects.get()
    assert (row.media_type, row.width, row.height) == ("image/jpeg", 12, 8)
    assert bytes(row.content) == clean(JPEG).content
    assert filled.get(f"/connect/logo/{before}/").status_code == 404
    assert AuditEvent.objects.filter(action="organization.changed").get().details == {"fields": ["Logo"]}


def test_the_logo_stays_until_it_is_removed(filled: Client) -> None:
    assert 'alt="Logo"' in filled.get(CHANGE).content.decode()
    filled.post(CHANGE, {**FILLED, "name": "Meridian Bookings"})
    assert OrganizationLogo.objects.exists()
    filled.post(CHANGE, {**FILLED, "remove_logo": "on"})
    assert not OrganizationLogo.objects.exists()
    assert "Remove the logo" not in filled.get(CHANGE).content.decode()


@pytest.mark.parametrize(
    "data",
    [
        b"<script>alert(1)</script>",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        png()[:-4],
        png(3000, 1),
        b"\x89PNG\r\n\x1a\n" + b"\0" * 2_000_000,
        b"",
    ],
)
def test_what_is_no_picture_is_refused_and_changes_nothing(filled: Client, data: bytes) -> None:
    before = (list(Organization.objects.values()), list(OrganizationLogo.objects.values()), AuditEvent.objects.count())
    response = filled.post(CHANGE, {**FILLED, "name": "Other", "logo": upload(data)})
    assert response.status_code == 200
    assert "errorlist" in response.content.decode()
    after = (list(Organization.objects.values()), list(OrganizationLogo.objects.values()), AuditEvent.objects.count())
    assert after == before


def test_what_is_hidden_in_a_picture_is_not_stored(filled: Client) -> None:
    hidden = png(more=chunk(b"tEXt", b"Comment\0<script>")) + b"<script>"
    filled.post(CHANGE, {**FILLED, "logo": upload(hidden, "../../logo.html")})
    assert OrganizationLogo.objects.get().content == png()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("ftp://meridian.example/privacy", "Enter a valid URL"),
        ("javascript:alert(1)", "Enter a valid URL"),
        ("https://anna:horse@meridian.example/", "without a user name and a password"),
    ],
)
def test_a_privacy_policy_that_customers_cannot_open_is_refused(filled: Client, url: str, words: str) -> None:
    response = filled.post(CHANGE, {**FILLED, "privacy_policy_url": url})
    assert words in response.content.decode()
    assert Organization.objects.get().privacy_policy_url == FILLED["privacy_policy_url"]


@pytest.mark.parametrize("url", [CHANGE, "/admin/auth/group/add/"])
def test_a_name_that_nobody_can_see_is_refused(filled: Client, url: str) -> None:
    response = filled.post(url, {**FILLED, "name": "\u200b"})
    assert "Nothing of this name can be seen." in response.content.decode()
    assert Organization.objects.get().name == "Meridian"
    assert not Group.objects.filter(name="\u200b").exists()


@pytest.mark.parametrize(
    "zone", ["Mars/Base", "", "../etc/passwd", "Europe", "localtime", "posixrules", "Factory", "x" * 500]
)
def test_a_zone_that_does_not_exist_is_refused(filled: Client, zone: str) -> None:
    assert filled.post(CHANGE, {**FILLED, "time_zone": zone}).status_code == 200
    assert Organization.objects.get().time_zone == "Europe/Amsterdam"


def test_zones_are_offered_while_typing(filled: Client) -> None:
    page = filled.get(CHANGE).content.decode()
    assert 'list="time-zones"' in page
    for zone in ("Europe/Amsterdam", "Europe/London", "America/New_York", "UTC"):
        assert f'<option value="{zone}">' in page


def test_who_may_only_look_gets_no_form(filled: Client, staff: Callable[..., Client]) -> None:
    viewer = staff("view_organization")
    page = viewer.get(CHANGE).content.decode()
    assert 'alt="Logo"' in page
    assert 'type="file"' not in page
    assert viewer.post(CHANGE, {**FILLED, "logo": upload(JPEG)}).status_code == 403
    assert OrganizationLogo.objects.get().media_type == "image/png"


# --- Times --------------------------------------------------------------------------------------------------


def said(template: str, **context: Any) -> str:
    with timezone.override("Europe/Amsterdam"):
        return Template(template).render(Context(context))


def test_a_moment_is_the_organization_s_and_tells_utc_too() -> None:
    at = datetime(2026, 3, 5, 23, 5, 9, tzinfo=UTC)
    assert said("{% moment at %}", at=at) == (
        '<time datetime="2026-03-05T23:05:09Z" title="2026-03-05 23:05:09 UTC">6 March 2026, 00:05</time>'
    )
    assert ">6 Mar 2026, 00:05:09<" in said('{% moment at "short seconds" %}', at=at)
    assert ">00:05<" in said('{% moment at "clock" %}', at=at)
    assert said("{% moment at %}", at=None) == ""
    with pytest.raises(TemplateSyntaxError):
        said('{% moment at "long" %}', at=at)


@time_machine.travel(datetime(2026, 1, 5, 14, 12, tzinfo=UTC), tick=False)
def test_what_exact_counts_in_utc_says_both(annas: Client) -> None:
    midnight = datetime(2026, 1, 6, tzinfo=UTC)
    assert ">in 9 h 48 min, at 01:00 (00:00 UTC)</time>" in said("{% resets at %}", at=midnight)
    meter = said('{% meter "Today" 4200 5000 at %}', at=midnight)
    assert "Starts again <time" in meter
    assert "at 01:00 (00:00 UTC)" in meter
