"""Which keys there are, and who confirmed of each that it is stored at another place."""

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_http_methods

from integrations.admin.base import acting, require
from integrations.services import key_copies, people
from integrations.services.refusals import Refused


@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """List the keys; a POST confirms one."""
    require(request, "integrations.view_portal")
    may_confirm = request.user.has_perm("integrations.operate_portal")
    if request.method == "POST":
        require(request, "integrations.operate_portal")
        return _confirm(request)
    copies = key_copies.all_()
    names = people.names(copy.confirmed_by for copy in copies)
    context = {
        **admin.site.each_context(request),
        "title": "Keys",
        "rows": [{"copy": copy, "confirmed_by": names.get(copy.confirmed_by, "")} for copy in copies],
        "unconfirmed": sum(copy.confirmed_at is None for copy in copies),
        "never_beside": key_copies.NEVER_BESIDE,
        "may_confirm": may_confirm,
    }
    return TemplateResponse(request, "admin/portal/keys.html", context)


def _confirm(request: HttpRequest) -> HttpResponse:
    try:
        row = key_copies.confirm(request.POST.get("key", ""), by=acting(request))
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"Confirmed: the key {row.key_id} is stored at another place.")
    return redirect("portal-keys")
