"""Pages that set keys or passwords ask who one is again, where the session was idle for more than 30 minutes."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from integrations.services import sessions

View = TypeVar("View", bound=Callable[..., HttpResponse])


def confirmed(permission: str) -> Callable[[View], View]:
    """Guard a page that does more for whoever has this right: it opens, and does, only for a session in use.

    What was sent meanwhile is not looked at, so that no secret comes back.
    """

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(self: Any, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.user.has_perm(permission) and not sessions.may_set_keys(request.session):
                return _ask(request)
            return view(self, request, *args, **kwargs)

        return guarded  # type: ignore[return-value] # wraps keeps what it is

    return guard


def _ask(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        messages.error(request, "Nothing was saved. Confirm that it is you, and enter it once more.")
    return redirect(f"{reverse('confirm')}?{urlencode({'next': request.get_full_path()})}")
