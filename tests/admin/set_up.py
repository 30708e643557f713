"""What the tests of Set up share: addresses of steps, what their forms send, and how a page is read."""

import re
from typing import Any, Final
from uuid import UUID, uuid4

from django.contrib.messages import get_messages
from django.test import Client

from integrations.exact.regions import REGIONS
from integrations.models import Application
from integrations.rules.journey import Step

APPS: Final = "/admin/integrations/application/"
NEW: Final = "?region=uk&existed=no"
REAL_ORIGINS: Final = {region.code: region.origin for region in REGIONS}


def url(app: Application | UUID, step: Step, query: str = "") -> str:
    return f"{APPS}{getattr(app, 'pk', app)}/set-up/{step}/{query}"


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def said(response: Any) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def events(response: Any) -> str:
    """Return what a page says of somebody else's change."""
    found = re.search(r'<section class="card conflict".*?</section>', text(response))
    return found[0] if found else ""


def errors(response: Any) -> dict[str, str]:
    """Return what stands beside fields, by the id of the field; only the first of them has the focus."""
    page = text(response)
    blocks = re.findall(r'<div id="(id_[\w-]+)_error">(.*?)</div>', page)
    focused = re.findall(r"<(?:input|textarea|select)[^>]*\bautofocus\b", page)
    assert len(focused) == bool(blocks), focused
    for field, _ in blocks:
        assert re.search(rf'aria-describedby="[^"]*\b{field}_error\b', page), f"{field} does not name its error"
    return {field: " ".join(re.findall(r'<p class="field-error">(.*?)</p>', block)) for field, block in blocks}


def make(client: Client, query: str = NEW, pk: UUID | None = None, **typed: str) -> Application:
    """Make an app by the step of kind and name."""
    pk = pk or uuid4()
    response = client.post(url(pk, Step.NAME, query), {"kind": "product", "name": "Meridian Bookings", **typed})
    assert response.status_code == 302, text(response)
    return Application.objects.get(pk=pk)


def changed(app: Application, **typed: Any) -> dict[str, Any]:
    """Return what the form of kind and name sends of an app that is here."""
    return {"version": app.version, "kind": app.kind, "name": app.name, **typed}


def entered(app: Application, **typed: Any) -> dict[str, Any]:
    """Return what the form of the Register step sends; nothing is pasted."""
    return {"version": app.version, "pasted": "", "owner": app.owner, "caretakers": app.caretakers, **typed}


def stood(app: Application, **typed: Any) -> dict[str, Any]:
    """Return what the form of the step As it stood sends."""
    nothing = {"permission_on": "", "permission_note": "", "permission_evidence": ""}
    return {"version": app.version, "permission_status": "none", **nothing, **typed}
