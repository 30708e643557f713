"""What every request passes: whom to believe, which address, which headers, whose time."""

import ipaddress
from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.utils import timezone

from integrations.models import Organization

GetResponse = Callable[[HttpRequest], HttpResponse]
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
        if not request.path.startswith(settings.STATIC_URL) or response.status_code >= 400:
            response.headers["Cache-Control"] = "no-store"
        return response


class TrustedProxies:
    """Believes the client's address and https only where one of our own proxies says them."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.proxies = [ipaddress.ip_network(network) for network in settings.TRUSTED_PROXIES]

    def __call__(self, request: HttpRequest) -> HttpResponse:
        forwarded = {name: request.META.pop(name, "") for name in FORWARDED}
        if self._is_ours(request.META.get("REMOTE_ADDR", "")):
            hops = [hop.strip() for hop in forwarded["HTTP_X_FORWARDED_FOR"].split(",") if hop.strip()]
            client = next((hop for hop in reversed(hops) if not self._is_ours(hop)), None)
            if client and self._is_address(client):
                request.META["REMOTE_ADDR"] = client
            if forwarded["HTTP_X_FORWARDED_PROTO"].strip().lower() == "https":
                request.META["wsgi.url_scheme"] = "https"
        return self.get_response(request)

    def _is_ours(self, address: str) -> bool:
        return self._is_address(address) and any(ipaddress.ip_address(address) in network for network in self.proxies)

    @staticmethod
    def _is_address(text: str) -> bool:
        try:
            ipaddress.ip_address(text)
        except ValueError:
            return False
        return True


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
