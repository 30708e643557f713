"""Customers: the list, the page of one, its form, and what staff do with it."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.debug import sensitive_variables

from integrations.admin import customer_import, customer_link_pages, customer_links, customer_pages
from integrations.admin.base import PortalModelAdmin, acting, never, not_to_be_sent, require, say_why_not
from integrations.admin.customer_form import CustomerForm, TypedNameForm
from integrations.models import Customer
from integrations.rules import customers as rules
from integrations.rules import roles
from integrations.services import customers, ending_letters, links, standings
from integrations.services.refusals import Refused

TEMPLATES = "admin/integrations/customer"
HOME = "admin:integrations_customer_changelist"
ERASED = "The customer is erased, and can no longer be changed."
KEPT = "Customers are disconnected and erased, never deleted: events and rows name them."


@admin.register(Customer)
class CustomerAdmin(PortalModelAdmin):
    form = CustomerForm
    fieldsets = (
        (None, {"fields": ("name", "reference", "language")}),
        ("Contact", {"fields": ("contact_name", "contact_email", "contact_phone", "note")}),
    )

    def has_change_permission(self, request: HttpRequest, obj: Customer | None = None) -> bool:
        """Refuse for an erased one: there is nothing left to change."""
        allowed = super().has_change_permission(request, obj)
        return allowed and not (obj and obj.erased_at and not never(request, ERASED))

    def has_delete_permission(self, request: HttpRequest, obj: Customer | None = None) -> bool:
        """Refuse: a customer is disconnected and erased; rows and events name him."""
        return never(request, KEPT)

    # --- Pages ----------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        def page(route: str, view: Any, name: str) -> URLPattern:
            pattern: URLPattern = path(f"<uuid:pk>/{route}", self.admin_site.admin_view(view), name=name)
            return pattern

        return [
            page("", self.page_view, "customer"),
            page("link/", self.link_view, "make-link"),
            page("disconnect/", self.disconnect_view, "disconnect-customer"),
            page("erase/", self.erase_view, "erase-customer"),
            *customer_link_pages.urls(self),
            *customer_import.urls(self, self._customer),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        if answer := not_to_be_sent(request):
            return answer
        context = {
            **customer_pages.listed(request),
            "title": "Customers",
            "can_add": self.has_add_permission(request),
            "who_may_add": roles.who_may("integrations.add_customer"),
        }
        return self._answer(request, "list.html", context)

    def page_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        customer = self._customer(request, pk, "view_customer")
        if answer := not_to_be_sent(request):
            return answer
        context = {
            "title": customer.name,
            "customer": customer,
            "link_pages": customer_link_pages.listed(request, customer),
            **customer_pages.shown(request, customer),
        }
        return self._answer(request, "page.html", context)

    # --- The form -------------------------------------------------------------------------------------------

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except Refused as refusal:
            say_why_not(request, refusal)
            return redirect(request.get_full_path())

    def save_model(self, request: HttpRequest, obj: Customer, form: Any, change: bool) -> None:  # noqa: FBT001
        if change:
            customers.change(obj, by=acting(request))
        else:
            customers.add(obj, by=acting(request))

    def record(self, verb: str, request: HttpRequest, obj: models.Model, message: Any) -> None:
        """Do nothing: the service recorded what it did."""

    def response_add(self, request: HttpRequest, obj: Customer, post_url_continue: str | None = None) -> HttpResponse:
        messages.success(request, f"{obj.name} was added. A link page is the next step.")
        return redirect("admin:customer", obj.pk)

    def response_change(self, request: HttpRequest, obj: Customer) -> HttpResponse:
        messages.success(request, f"{obj.name} was saved.")
        return redirect("admin:customer", obj.pk)

    # --- What staff do --------------------------------------------------------------------------------------

    @sensitive_variables("made", "told")
    def link_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Make a link page; its address is in the answer to the POST, and never again anywhere."""
        customer = self._customer(request, pk, "connect")
        asked = customer_links.read(request)
        reasons = rules.why_not_linked(standings.facts(customer))
        if request.method == "POST" and not reasons and asked.is_valid():
            try:
                made = links.make(**asked.wanted(), by=acting(request), customer=customer)
            except Refused as refusal:
                asked.refused = refusal.reasons
            else:
                told = {"url": made.url, "page": made.page, "customer": customer}
                told |= customer_link_pages.letters(made, customer)
                title = f"A link page for {customer.name}"
                return self._answer(request, "link_made.html", {"title": title, **told})
        context = {"title": f"A link page for {customer.name}", "customer": customer, **asked.shown(request, reasons)}
        return self._answer(request, "link.html", context)

    def disconnect_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Say what stops, what goes on and for whom; then do it."""
        customer = self._customer(request, pk, "disconnect_connection")
        if request.method == "POST":
            return self._do(request, customer, customers.disconnect, f"{customer.name} is disconnected.")
        effects = customers.effects(customer)
        context = {
            "title": f"Disconnect {customer.name}?",
            "customer": customer,
            "effects": effects,
            "all_letters": [customer_link_pages.labelled(one) for one in ending_letters.of_customer(customer, effects)],
            "shown": customer_pages.COMPANIES,
        }
        return self._answer(request, "disconnect.html", context)

    def erase_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Ask for the name, typed; then forget it."""
        customer = self._customer(request, pk, "erase_customer")
        form = TypedNameForm(request.POST if request.method == "POST" else None, name=customer.name)
        if request.method == "POST" and form.is_valid():
            return self._do(request, customer, customers.erase, "The customer's personal data is erased.")
        context = {
            "title": f"Erase {customer.name}?",
            "customer": customer,
            "form": form,
            "reasons": customers.why_not_erased(customer),
        }
        return self._answer(request, "erase.html", context)

    # --- Shared ---------------------------------------------------------------------------------------------

    def _customer(self, request: HttpRequest, pk: UUID, right: str) -> Customer:
        require(request, "integrations.view_customer")
        require(request, f"integrations.{right}")
        return get_object_or_404(Customer, pk=pk)

    @staticmethod
    def _do(request: HttpRequest, customer: Customer, verb: Any, done: str) -> HttpResponse:
        try:
            verb(customer, by=acting(request))
        except Refused as refusal:
            say_why_not(request, refusal)
        else:
            messages.success(request, done)
        return redirect("admin:customer", customer.pk)

    def _answer(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        everything = {**self.admin_site.each_context(request), "home": reverse(HOME), **context}
        return TemplateResponse(request, f"{TEMPLATES}/{template}", everything)
