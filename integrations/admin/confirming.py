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
        def guarded(*args: Any, **kwargs: Any) -> HttpResponse:
            # The view is a function, or a method, whose first argument is itself.
            request = next(value for value in args if isinstance(value, HttpRequest))
            if request.user.has_perm(permission) and not sessions.may_set_keys(request.session):
                return ask(request)
            return view(*args, **kwargs)

        return guarded  # type: ignore[return-value] # wraps keeps what it is

    return guard


def ask(request: HttpRequest) -> HttpResponse:
    """Lead to the page that asks for the password, and from there back."""
    if request.method == "POST":
        messages.error(request, "Nothing was saved. Confirm that it is you, and enter it once more.")
    return redirect(f"{reverse('confirm')}?{urlencode({'next': request.get_full_path()})}")
