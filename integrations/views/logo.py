"""The organization's logo, at an address that changes with it."""

from typing import Final

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from integrations.models import OrganizationLogo

A_YEAR: Final = 365 * 24 * 60 * 60


@require_safe
def logo(request: HttpRequest, digest: str) -> HttpResponse:
    """Answer with the picture; what it is was decided when it was stored."""
    # PostgreSQL refuses to look for a null character.
    row = OrganizationLogo.objects.filter(digest=digest).first() if digest.isalnum() else None
    if row is None:
        raise Http404
    response = HttpResponse(bytes(row.content), content_type=row.media_type)
    response.headers["Cache-Control"] = f"public, max-age={A_YEAR}, immutable"
    response.may_be_kept = True  # type: ignore[attr-defined] # for integrations.middleware.ResponseHeaders
    return response
