"""Take a customer's connection over from a former system, by the refresh token that it held."""

from typing import Any, Final
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from integrations.admin.base import PortalModelAdmin, acting
from integrations.admin.confirming import confirmed
from integrations.admin.customer_form import LinkPageForm
from integrations.admin.customer_links import NO_APP, NONE_PERMITTED
from integrations.exact.token_answers import LONGEST_TOKEN
from integrations.models import Connection, Customer
from integrations.rules import customers as rules
from integrations.services import imports, standings, tokens
from integrations.services.keyring import WrongKeyRing
from integrations.services.refusals import Refused

RIGHT: Final = "integrations.connect"
LATER: Final = (
    "Exact gave no token yet: it may be less than ten minutes since the former system asked, or Exact is out of order. "
    "The refresh token is kept, and the import goes on by itself for a day. Do not import it again."
)


class ImportForm(LinkPageForm):
    """Through which app, and the token; it is write-only and never comes back."""

    days = None  # type: ignore[assignment] # a form takes a field away by that
    refresh_token = forms.CharField(
        label="Refresh token",
        strip=False,
        max_length=LONGEST_TOKEN + 100,
        widget=forms.PasswordInput(
            render_value=False, attrs={"autocomplete": "off", "spellcheck": "false", "data-one-line": ""}
        ),
        help_text="The newest one that the former system holds. Stored sealed, and never shown again.",
    )
    stopped = forms.BooleanField(
        label="The former system is stopped, and will not use this token any more",
        error_messages={"required": "Stop the former system first: whoever uses the token next ends it for the other."},
    )


def urls(owner: PortalModelAdmin, customer_of: Any) -> list[URLPattern]:
    """``customer_of``: returns the customer for a request, or refuses it."""

    @sensitive_post_parameters("refresh_token")
    @confirmed(RIGHT)
    def view(request: HttpRequest, pk: UUID) -> HttpResponse:
        return _view(request, customer_of(request, pk, "connect"), owner.admin_site.each_context(request))

    return [path("<uuid:pk>/import/", owner.admin_site.admin_view(view), name="import-connection")]


@sensitive_variables("form", "token")
def _view(request: HttpRequest, customer: Customer, context: dict[str, Any]) -> HttpResponse:
    form = ImportForm(request.POST if request.method == "POST" else None)
    reasons = rules.why_not_linked(standings.facts(customer))
    if not form.open:
        reasons = (*reasons, NONE_PERMITTED if form.apps else NO_APP)
    if request.method == "POST" and not reasons and form.is_valid():
        token = form.cleaned_data["refresh_token"]
        try:
            kept = imports.keep(form.cleaned_data["app"], token, by=acting(request), customer=customer)
            made = imports.finish(kept)
        except Refused as refusal:
            reasons = refusal.reasons
        except (tokens.StandingBy, WrongKeyRing) as error:
            reasons = (str(error),)
        else:
            return _done(request, made, customer)
    shown = {"title": f"Import a connection of {customer.name}", "customer": customer, "form": form, "reasons": reasons}
    status = 400 if request.method == "POST" else 200
    return TemplateResponse(request, "admin/integrations/customer/import.html", {**context, **shown}, status=status)


def _done(request: HttpRequest, made: Connection, customer: Customer) -> HttpResponse:
    if made.status == Connection.Status.PENDING:
        messages.warning(request, LATER)
        return redirect("admin:customer", customer.pk)
    messages.success(request, f"Imported as {made}. It is this portal that keeps the connection alive from now on.")
    if request.user.has_perm("integrations.view_connection"):
        return redirect("admin:integrations_connection_change", made.pk)
    return redirect("admin:customer", customer.pk)
