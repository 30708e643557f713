"""What is asked of staff who make a link page for a customer: an app, or a try through one without permission."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse

from integrations.admin.customer_form import LinkPageForm, TryForm
from integrations.models import Application
from integrations.rules import gate, roles
from integrations.services import links
from integrations.services.permissions import Standing

TRY: Final = links.TRY
NONE_PERMITTED: Final = "Customers can connect through none of the enabled apps yet."
NO_APP: Final = "No product app is enabled. Set one up under Integrations."


@dataclass
class Asked:
    """The form that makes a link page, and the one that lets a customer try; one of the two was sent, or neither."""

    form: LinkPageForm
    tried: TryForm | None = None
    refused: tuple[str, ...] = ()

    def is_valid(self) -> bool:
        return (self.tried or self.form).is_valid()

    def wanted(self) -> dict[str, Any]:
        """Return what ``links.make`` takes."""
        if self.tried is not None:
            return {"application": self.tried.cleaned_data["app"], "tried_because": self.tried.cleaned_data["because"]}
        return {"application": self.form.cleaned_data["app"], "days": self.form.cleaned_data["days"]}

    def shown(self, request: HttpRequest, reasons: tuple[str, ...]) -> dict[str, Any]:
        """Return what the page shows: the apps to choose from, and those that wait, each with the reason."""
        may_try = request.user.has_perm(TRY)
        return {
            "form": self.form,
            "reasons": (*reasons, *(self.refused or self._in_the_way())),
            "who_may_try": roles.who_may(TRY),
            "waiting": [self._waiting(app, standing, may_try=may_try) for app, standing in self.form.waiting()],
            "days": links.TRY_DAYS,
        }

    def _in_the_way(self) -> tuple[str, ...]:
        if not self.form.apps:
            return (NO_APP,)
        return () if self.form.open else (NONE_PERMITTED,)

    def _waiting(self, app: Application, standing: Standing, *, may_try: bool) -> dict[str, Any]:
        passing = gate.Passing(app.is_testing, standing.state, for_customer=True, since=standing.since)
        sent = self.tried if self.tried is not None and self.tried.initial["app"] == app.pk else None
        return {
            "app": app,
            "reasons": gate.why_not(passing),
            "url": reverse("admin:app-permission", args=[app.pk]),
            "form": (sent or TryForm(app=app)) if may_try and gate.may_be_tried(passing) else None,
            "open": sent is not None,
        }


def read(request: HttpRequest) -> Asked:
    """Return what was asked for; before anything was sent, two blank forms."""
    if request.method != "POST":
        return Asked(LinkPageForm())
    if "because" not in request.POST:
        return Asked(LinkPageForm(request.POST))
    form = LinkPageForm()
    app = next((row for row in form.apps if row.pk == _id(request.POST.get("app", ""))), None)
    return Asked(form, TryForm(request.POST, app=app)) if app is not None else Asked(LinkPageForm(request.POST))


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
