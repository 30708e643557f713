"""What every request passes: whom to believe, which address, which headers, whose time."""

import ipaddress
import re
from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.loader import render_to_string
from django.utils import timezone

from integrations.models import Organization
from integrations.services import sessions

GetResponse = Callable[[HttpRequest], HttpResponse]
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
WITH_PORT: Final = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::[0-9]+)?|([0-9.]+):[0-9]+")
METHODS: Final = ("GET", "HEAD", "POST")
FORWARDED: Final = (
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_FORWARDED",
)
PERMISSIONS_POLICY: Final = ", ".join(
    f"{feature}=()" for feature in ("camera", "display-capture", "geolocation", "microphone", "payment", "usb")
)


class ResponseHeaders:
    """Headers on every answer, errors and static files included; pages are never stored."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        response.headers["Permissions-Policy"] = PERMISSIONS_POLICY
        kept = request.path.startswith(settings.STATIC_URL) or getattr(response, "may_be_kept", False)
        if not kept or response.status_code >= 400:
            response.headers["Cache-Control"] = "no-store"
        return response


class KnownMethods:
    """Answers GET, HEAD and POST only: many a page takes any other method for a GET."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method in METHODS:
            return self.get_response(request)
        return HttpResponseNotAllowed(METHODS)


class NotAllowedPage:
    """Says to people what an address that takes no GET is, as after a session that ended before a button was pressed.

    Django's own answer is empty.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        asks_for_a_page = "text/html" in request.headers.get("Accept", "") and request.method != "HEAD"
        if isinstance(response, HttpResponseNotAllowed) and asks_for_a_page:
            response.content = render_to_string("errors/405.html").encode()
            response.headers["Content-Length"] = str(len(response.content))
        return response


class TrustedProxies:
    """Believes the client's address and https only where one of our own proxies says them.

    Each proxy appends the address that it was called from, so the list is read from its end: what is ours is passed
    over, the first that is not is the client, and whatever he wrote before it himself is never reached.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.proxies = [ipaddress.ip_network(network) for network in settings.TRUSTED_PROXIES]

    def __call__(self, request: HttpRequest) -> HttpResponse:
        forwarded = {name: request.META.pop(name, "") for name in FORWARDED}
        if self._is_ours(_address(request.META.get("REMOTE_ADDR", ""))):
            client = self._client(forwarded["HTTP_X_FORWARDED_FOR"])
            if client is not None:
                request.META["REMOTE_ADDR"] = str(client)
            if forwarded["HTTP_X_FORWARDED_PROTO"].strip().lower() == "https":
                request.META["wsgi.url_scheme"] = "https"
        return self.get_response(request)

    def _client(self, hops: str) -> Address | None:
        """Return the last hop that is none of ours; None where it is not an address, or where there is none."""
        for hop in reversed([hop.strip() for hop in hops.split(",") if hop.strip()]):
            address = _address(hop)
            if not self._is_ours(address):
                return address
        return None

    def _is_ours(self, address: Address | None) -> bool:
        return address is not None and any(address in network for network in self.proxies)


def _address(text: str) -> Address | None:
    """Read an address, as some proxies write it: with a port, in brackets, or IPv4 within IPv6."""
    written = WITH_PORT.fullmatch(text)
    try:
        address = ipaddress.ip_address((written[1] or written[2]) if written else text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


class PublicHost:
    """Leads from the portal's other host names to PUBLIC_URL: cookies and redirect URLs belong to one host."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.host = settings.PUBLIC_URL.partition("://")[2]

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.get_host() == self.host or request.path.startswith("/health/"):
            return self.get_response(request)
        if request.method in {"GET", "HEAD"}:
            return HttpResponseRedirect(f"{settings.PUBLIC_URL}{request.get_full_path()}")
        return HttpResponseBadRequest(f"This portal is at {settings.PUBLIC_URL}.", content_type="text/plain")


class OrganizationTimeZone:
    """Shows times as the organization lives them."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith("/health/"):
            return self.get_response(request)
        with timezone.override(Organization.objects.ours().time_zone):
            return self.get_response(request)


class SessionUse:
    """Notes when somebody who is signed in was last there: keys ask for the password after 30 idle minutes."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        has_session = settings.SESSION_COOKIE_NAME in request.COOKIES and not request.path.startswith("/health/")
        if has_session and request.user.is_authenticated:
            sessions.note_use(request.session)
        return self.get_response(request)
