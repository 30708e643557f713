"""What monitors and load balancers ask: is the process alive, and can it serve."""

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
    failing = [finding.check for finding in health.ready()]
    if failing:
        # Anybody may ask this: what exactly is wrong, `manage.py doctor` says to whoever runs the portal.
        return JsonResponse({"status": "failed", "failing": failing, "more": "manage.py doctor"}, status=503)
    return JsonResponse({"status": "ok"})
