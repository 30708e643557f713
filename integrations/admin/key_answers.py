"""The test of an app's keys: the button, and what Exact answered, for the Keys page and the set-up journey."""

from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from integrations.admin import app_pages
from integrations.admin.base import acting, say_why_not
from integrations.exact.key_test import Verdict
from integrations.models import Application
from integrations.rules.journey import Step
from integrations.rules.lint import Field
from integrations.services import key_tests, people
from integrations.services.keyring import WrongKeyRing
from integrations.services.refusals import Refused
from integrations.services.token_errors import StandingBy

TEST: Final = "integrations.set_keys"
TEMPLATE: Final = "admin/integrations/application/key_answers.html"
"""Takes what ``context`` returns, ``application``, ``may_test`` and ``next``."""


def urls(admin_view: Any) -> list[URLPattern]:
    return [path("<uuid:pk>/test-keys/", admin_view(require_POST(test)), name="test-keys")]


def context(application: Application) -> dict[str, Any]:
    """Return whether the keys can be tested now, and what the last test of the present ones came to."""
    test = key_tests.latest([application]).get(application.pk)
    return {
        "why_not_tested": key_tests.why_not(application),
        "tests_left": key_tests.left(application),
        "test": test,
        "tested_by": people.names([test.asked_by])[test.asked_by] if test else "",
        "answers": key_tests.told(test) if test else [],
        "tested_before": test is None and application.key_tests.exists(),
    }


def test(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask Exact both questions, in this request: the service has its deadlines."""
    application = app_pages.find(request, pk, TEST)
    try:
        done = key_tests.run(application, by=acting(request))
    except Refused as refusal:
        say_why_not(request, refusal)
    except (StandingBy, WrongKeyRing) as error:
        messages.error(request, str(error))
    else:
        if key_tests.outcome(done) is Verdict.ACCEPTED:
            messages.success(request, "The keys were tested, and Exact takes them.")
        else:
            messages.warning(request, "The keys were tested; the answers say what to do.")
    if request.POST.get("next") == "journey":
        return redirect("admin:set-up-step", application.pk, Step.TEST)
    return redirect(app_pages.place(application, Field.KEY_TEST))
