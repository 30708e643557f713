"""The pages of a connection and of a company: read by staff, never edited by hand."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_POST

from integrations.admin import app_pages, app_scopes, company_use, connection_ending, last_days
from integrations.admin.base import PortalModelAdmin, acting, may, never, not_to_be_sent, say_why_not
from integrations.admin.customer_form import OwnerForm
from integrations.exact import limits
from integrations.models import Company, Connection, ConnectionCheck, Customer, UsageWindow
from integrations.services import checks, companies, scope_refusals, tokens, usage
from integrations.services.keyring import WrongKeyRing
from integrations.services.refusals import Refused

CHECKS_SHOWN = 10
CHANGES_SHOWN = 20
BY_CONNECTING = "Connections and companies come from Exact: nobody adds, changes or deletes them by hand."


class ReadOnlyAdmin(PortalModelAdmin):
    """A page about one row; there is no list of its own, and nothing to type."""

    page_template: str

    def has_add_permission(self, request: HttpRequest) -> bool:
        return never(request, BY_CONNECTING)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return never(request, BY_CONNECTING)

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return never(request, BY_CONNECTING)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        if answer := not_to_be_sent(request):
            return answer
        if request.GET:
            return self.refuse_query(request)
        return redirect("admin:index")

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if object_id is None:
            self.has_add_permission(request)
            raise PermissionDenied
        if not self.has_view_permission(request):
            raise PermissionDenied
        if answer := not_to_be_sent(request):
            return answer
        row = self.get_object(request, object_id)
        if row is None:
            return redirect("admin:index")
        context = {
            **self.admin_site.each_context(request),
            "title": str(row),
            "opts": self.opts,
            **self.about(request, row),
        }
        return TemplateResponse(request, self.page_template, context)

    def about(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """Return what the page shows of the row."""
        raise NotImplementedError


def _missing(connection: Connection, check: ConnectionCheck) -> list[dict[str, str]]:
    """Return each cell of the form for want of which Exact refused a call of the check, with the way to it."""
    return [
        {"cell": str(cell), "url": app_scopes.scope_url(connection.application_id, cell.scope, missing=True)}
        for cell, _ in scope_refusals.missing(check)
    ]


@admin.register(Connection)
class ConnectionAdmin(ReadOnlyAdmin):
    page_template = "admin/integrations/connection/page.html"
    list_select_related = ("application",)

    def about(self, request: HttpRequest, row: Connection) -> dict[str, Any]:
        accesses = companies.with_companies(row).order_by("company__name", "company__division")
        latest = list(row.checks.all()[:CHECKS_SHOWN])
        return {
            "connection": row,
            "accesses": list(accesses),
            "checks": latest,
            "changes": list(row.status_changes.all()[:CHANGES_SHOWN]),
            "token_calls": row.token_calls if row.token_calls_on == timezone.now().date() else 0,
            "token_calls_historic": limits.TOKEN_REQUESTS_PER_DAY,
            "latest": latest[0] if latest else None,
            "missing": _missing(row, latest[0]) if latest and self._sees_app(request) else [],
            **company_use.of_connection(request, row),
            "can_check": self._may_check(request) and row.status != Connection.Status.DISCONNECTED,
            **connection_ending.offered(request, row),
        }

    @staticmethod
    def _sees_app(request: HttpRequest) -> bool:
        return request.user.has_perm(app_pages.SEE)

    def get_urls(self) -> list[URLPattern]:
        check = require_POST(self.admin_site.admin_view(self.check_view))
        return [
            *last_days.urls(self.admin_site.admin_view),
            *connection_ending.urls(self.admin_site.admin_view),
            path("<uuid:pk>/check/", check, name="check-connection"),
            company_use.urls(self.admin_site)["connection"],
            company_use.urls(self.admin_site)["changes"],
            *super().get_urls(),
        ]

    def check_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Check now, in this request: the service has its deadline."""
        if not self._may_check(request):
            raise PermissionDenied
        connection = get_object_or_404(Connection.objects.select_related("application"), pk=pk)
        try:
            found = checks.run(connection, by=acting(request))
        except (WrongKeyRing, tokens.StandingBy) as error:
            messages.error(request, str(error))
        else:
            if found.ok:
                said = found.detail or f"all is well, after {found.milliseconds} ms."
                messages.success(request, f"Checked just now: {said}")
            else:
                messages.warning(request, f"Checked just now: {found.detail}")
        return redirect("admin:integrations_connection_change", pk)

    def _may_check(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request) and may(request, "integrations.check_connection")


def _latest_check(company: Company) -> ConnectionCheck | None:
    """Return the latest check of the connection that calls of the company use."""
    checks = ConnectionCheck.objects.filter(connection__accesses=company.primary_access_id)
    return checks.select_related("connection").first() if company.primary_access_id else None


def _not_granted(company: Company, check: ConnectionCheck | None) -> str:
    """Return what to do where Exact refused just this company as not ticked at the consent."""
    refused = check is not None and check.cause == "DivisionNotGranted"
    return check.detail if check and refused and check.connection.division == company.division else ""


@admin.register(Company)
class CompanyAdmin(ReadOnlyAdmin):
    page_template = "admin/integrations/company/page.html"

    def get_queryset(self, request: HttpRequest) -> Any:
        return Company.objects.told_whose()

    def about(self, request: HttpRequest, row: Company) -> dict[str, Any]:
        accesses = row.accesses.select_related("connection").order_by("granted_at")
        check = _latest_check(row)
        window = UsageWindow.objects.filter(application_id=row.application_id, division=row.division).first()
        return {
            "company": row,
            "application": row.application,
            "accesses": list(accesses),
            "missing": _missing(check.connection, check) if check and request.user.has_perm(app_pages.SEE) else [],
            "meters": usage.meter(window, timezone.now()) if window else None,
            "can_choose": company_use.may_choose(request),
            "not_granted": _not_granted(row, check),
            "can_assign": self._may_assign(request),
            "form": OwnerForm(),
        }

    def get_urls(self) -> list[URLPattern]:
        assign = require_POST(self.admin_site.admin_view(self.assign_view))
        turn = company_use.urls(self.admin_site)["company"]
        return [path("<uuid:pk>/assign/", assign, name="assign-company"), turn, *super().get_urls()]

    def assign_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Say whose the company is; where several customers are meant, ask which."""
        if not self._may_assign(request):
            raise PermissionDenied
        company = get_object_or_404(Company, pk=pk)
        form = OwnerForm(request.POST)
        form.is_valid()
        meant = form.candidates()
        if form.cleaned_data.get("ours"):
            self._assign(request, company, None)
        elif len(meant) > 1:
            context = {**self.admin_site.each_context(request), "title": str(company), "opts": self.opts}
            asked = {"choices": meant, "typed": form.cleaned_data["typed"]}
            return TemplateResponse(request, self.page_template, {**context, **self.about(request, company), **asked})
        elif meant:
            self._assign(request, company, meant[0])
        else:
            messages.error(request, "No customer's name or reference begins so. Nothing was changed.")
        return redirect("admin:integrations_company_change", pk)

    @staticmethod
    def _assign(request: HttpRequest, company: Company, customer: Customer | None) -> None:
        try:
            companies.assign(company, customer, by=acting(request))
        except Refused as refusal:
            say_why_not(request, refusal)
        else:
            messages.success(request, f"{company} is now {customer.name if customer else 'our own'}.")

    def _may_assign(self, request: HttpRequest) -> bool:
        rights = ("integrations.view_customer", "integrations.change_customer")
        return self.has_view_permission(request) and all(may(request, right) for right in rights)
