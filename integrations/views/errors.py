"""Error pages that belong to the product: what happened, whether anything changed, what to do."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import requires_csrf_token

from integrations.rules import sections


@requires_csrf_token
def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "errors/400.html", status=400)


@requires_csrf_token
def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say which roles may (``admin.base`` notes the refusal), and lead to a page that this person may open."""
    user = getattr(request, "user", None)
    open_sections = sections.open_to(user.has_perm) if user is not None and user.is_staff else []
    context = {
        "refusal": str(exception) or getattr(request, "refusal", ""),
        "way_back": open_sections[0] if open_sections else None,
    }
    return render(request, "errors/403.html", context, status=403)


@requires_csrf_token
def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "errors/404.html", status=404)


@requires_csrf_token
def server_error(request: HttpRequest) -> HttpResponse:
    # Without the request: its context processors may be what failed.
    return render(None, "errors/500.html", status=500)


@requires_csrf_token
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return render(request, "errors/csrf.html", status=403)
