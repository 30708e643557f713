"""What monitors and load balancers ask: is the process alive, and can it serve."""

from dataclasses import asdict

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from integrations.services import health


@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """Answer 200 as long as the process answers at all; nothing else is looked at."""
    return JsonResponse({"status": "ok"})


@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """Answer 200 where the portal can serve, else 503 with what is wrong."""
    findings = health.ready()
    body = {"status": "failed" if findings else "ok", "findings": [asdict(finding) for finding in findings]}
    return JsonResponse(body, status=503 if findings else 200)
