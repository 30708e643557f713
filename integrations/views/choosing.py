"""Which companies we use: chosen by who has just consented, in the browser in which he did."""

from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from integrations.models import Connection
from integrations.rules.actors import PORTAL
from integrations.rules.link_words import Reason
from integrations.services import companies
from integrations.services.companies import Choice
from integrations.services.refusals import Refused

CHOICE: Final = "connect_choice"
SAID: Final = "connect_choice_said"


def begin(request: HttpRequest, connection: Connection | None) -> None:
    """Keep of which consent this browser may choose; of none where nothing came of it."""
    request.session.pop(SAID, None)
    request.session.pop(CHOICE, None)
    link = connection.links.filter(connected_at__isnull=False).order_by("-connected_at").first() if connection else None
    if connection is not None and link is not None:
        request.session[CHOICE] = [str(connection.pk), str(link.pk)]


def shown(request: HttpRequest, language: str) -> dict[str, Any]:
    """Return what the page after the consent shows of it: one company leaves no choice."""
    choice, said = _choice(request), request.session.get(SAID)
    closed = Reason("choice_closed").in_language(language) if said == "closed" else ""
    return {
        "choices": choice.companies if choice is not None and len(choice.companies) > 1 else [],
        "chosen": said == "chosen",
        "not_chosen": closed,
    }


@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Use what is ticked, and nothing else of what this consent granted."""
    request.session[SAID] = "chosen" if _chosen(request) else "closed"
    return redirect("connect-result")


def _chosen(request: HttpRequest) -> bool:
    choice = _choice(request)
    ids = [pk for text in request.POST.getlist("company") if (pk := _id(text)) is not None]
    if choice is None or len(ids) != len(request.POST.getlist("company")):
        return False
    try:
        companies.choose(choice.connection, ids, by=PORTAL, link=choice.link)
    except Refused:
        return False
    return True


def _choice(request: HttpRequest) -> Choice | None:
    match request.session.get(CHOICE):
        case [str(connection), str(link)]:
            return companies.choice(UUID(connection), UUID(link))
    return None


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
