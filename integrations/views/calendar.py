"""Somebody's calendar feed: read by his calendar program, which signs in nowhere."""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_safe

from integrations.rules import icalendar
from integrations.services import calendar_feeds


@sensitive_variables("token")
@require_safe
def feed(request: HttpRequest, token: str) -> HttpResponse:
    """Answer with the calendar; like an address that never was where it was revoked, or its owner may not see it.

    Django logs what is not found by its address, which here is the secret.
    """
    found = calendar_feeds.find(token)
    if found is None:
        response = HttpResponse("There is no such calendar.\n", status=404, content_type="text/plain; charset=utf-8")
        response._has_been_logged = True  # type: ignore[attr-defined] # Django's
        return response
    response = HttpResponse(calendar_feeds.read(found, now=timezone.now()), content_type=icalendar.CONTENT_TYPE)
    response.headers["Content-Disposition"] = 'inline; filename="last-possible-days.ics"'
    return response
