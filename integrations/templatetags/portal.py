"""The small parts that pages are made of; all of them stand on the page /admin/portal/components/."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

from django import template
from django.core.paginator import Page
from django.template.context import Context
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from integrations.models import Application, Connection, OrganizationLogo
from integrations.rules import moments, sections
from integrations.rules.lamps import Lamp
from integrations.rules.usage import NEARLY_FULL
from integrations.services import heartbeats, installation, logos, practice, search

register = template.Library()

TONES: Final = frozenset({"good", "warn", "bad", "info", "quiet"})
LAMP_SHAPES: Final = {"good": "check", "info": "clock", "warn": "alert", "bad": "cross", "quiet": "ring"}
MOST_COUNTED: Final = 10_001
"""Where a list ends."""
CONNECTION_TONES: Final = {
    "pending": "quiet",
    "connected": "good",
    "verifying": "warn",
    "reconnect": "bad",
    "disconnected": "quiet",
}


@register.inclusion_tag("components/sections.html", takes_context=True)
def portal_sections(context: Context) -> dict[str, Any]:
    """The sidebar's entries that this person may open; the narrowest that fits the page is marked."""
    request = context["request"]
    allowed = sections.open_to(request.user.has_perm)
    current = sections.marked(allowed, request.path)
    return {
        "sections": [
            {
                "label": section.label,
                "icon": section.icon,
                "url": reverse(section.url_name),
                "current": section is current,
            }
            for section in allowed
        ]
    }


@register.inclusion_tag("components/search_box.html", takes_context=True)
def search_box(context: Context) -> dict[str, Any]:
    """The one search over everything, for whoever may look at something of it."""
    return {"offered": bool(search.kinds(context["request"].user.has_perm)), "typed": context.get("in_search_box", "")}


@register.inclusion_tag("components/chip.html")
def chip(label: str, tone: str = "quiet", title: str = "") -> dict[str, str]:
    """A state in a word; the tone is for the eye, the word says it all."""
    if tone not in TONES:
        raise template.TemplateSyntaxError(f"A chip has no tone “{tone}”.")
    return {"label": label, "tone": tone, "title": title}


@register.inclusion_tag("components/lamps.html", name="lamps")
def lamp_row(lamps: Sequence[Lamp]) -> dict[str, Any]:
    """How an app stands, as ``rules.lamps`` says it; a shape for each tone, beside the word."""
    return {"lamps": [(lamp, LAMP_SHAPES[lamp.tone]) for lamp in lamps]}


@register.inclusion_tag("components/toggle.html", takes_context=True)
def toggle(context: Context, application: Application, next_page: str = "list") -> dict[str, Any]:
    """The switch that enables and disables an app, for whoever may; it leads back to ``list`` or ``settings``.

    There is none for an app under Emergency stop, or an archived one: those have pages of their own.
    """
    may = context["request"].user.has_perm("integrations.enable_application")
    return {
        "offered": may and not (application.is_stopped or application.is_archived),
        "application": application,
        "next": next_page,
        "csrf_token": context.get("csrf_token"),
    }


@register.inclusion_tag("components/meter.html")
def meter(label: str, used: int, limit: int, resets_at: datetime | None = None) -> dict[str, Any]:
    """How much of a limit is spent, in numbers and as a bar."""
    share = min(1.0, used / limit) if limit else 1.0
    tone = "bad" if share >= 1 else "warn" if share > NEARLY_FULL else "good"
    return {
        "label": label,
        "used": used,
        "limit": limit,
        "width": round(share * 100, 1),
        "tone": tone,
        "resets_at": resets_at,
    }


@register.simple_tag
def moment(at: datetime | None, style: str = "") -> SafeString:
    """A moment in the organization's time. Styles: ``seconds``, ``short``, ``clock``; several by a blank between."""
    if at is None:
        return format_html("{}", "")
    styles, zone = set(style.split()), timezone.get_current_timezone()
    if styles - {"seconds", "short", "clock"}:
        raise template.TemplateSyntaxError(f"A moment has no style “{style}”.")
    seconds = "seconds" in styles
    if "clock" in styles:
        return _time(at, moments.clock(at, zone, seconds=seconds))
    return _time(at, moments.moment(at, zone, seconds=seconds, short="short" in styles))


@register.filter
def stopped(name: Any) -> str:
    """A name at the end of a sentence, with its full stop: one that ends in its own gets no second one."""
    return str(name) if str(name).endswith(".") else f"{name}."


@register.simple_tag
def resets(at: datetime) -> SafeString:
    """When something that Exact counts begins anew: how long, the organization's time, and UTC."""
    return _time(at, moments.resets(at, timezone.now(), timezone.get_current_timezone()))


def _time(at: datetime, text: str) -> SafeString:
    utc = at.astimezone(UTC)
    return format_html('<time datetime="{}" title="{}">{}</time>', f"{utc:%FT%TZ}", f"{utc:%F %T} UTC", text)


@register.inclusion_tag("components/copy_field.html")
def copy_field(label: str, value: str, identifier: str) -> dict[str, str]:
    """A value to take elsewhere: selected by a click, copied by a button."""
    return {"label": label, "value": value, "identifier": identifier}


@register.inclusion_tag("components/copy_text.html")
def copy_text(
    label: str, value: str, identifier: str, *, hidden_label: bool = False, rows: int = 1, language: str = ""
) -> dict[str, Any]:
    """A text to take elsewhere, of one line or several; one that is not there yet says so."""
    return {
        "label": label,
        "value": value,
        "identifier": identifier,
        "hidden_label": hidden_label,
        "rows": rows,
        "language": language,
    }


@register.inclusion_tag("components/empty_state.html")
def empty_state(title: str, text: str, action: str = "", url: str = "") -> dict[str, str]:
    """What to do where there is nothing yet."""
    return {"title": title, "text": text, "action": action, "url": url}


@register.inclusion_tag("components/icon.html")
def icon(name: str) -> dict[str, str]:
    """One of the line icons, for the eye only."""
    return {"name": name}


@register.inclusion_tag("components/pages.html")
def pages(page: Page[Any], **filters: str) -> dict[str, Any]:
    """The way to the other pages of a list, keeping what it is filtered by."""
    kept = urlencode({name: value for name, value in filters.items() if value})
    capped = page.paginator.count >= MOST_COUNTED and not page.has_next()
    return {"pages": page, "kept": f"{kept}&" if kept else "", "capped": capped}


@register.inclusion_tag("components/findings.html")
def findings(items: list[Any]) -> dict[str, Any]:
    """What a look at something found, one line each, with what to do."""
    return {"items": items}


@register.inclusion_tag("components/chip.html")
def connection_chip(connection: Connection) -> dict[str, str]:
    """The state of a connection."""
    return {"label": connection.get_status_display(), "tone": CONNECTION_TONES[connection.status], "title": ""}


@register.inclusion_tag("components/banners.html", takes_context=True)
def banners(context: Context) -> dict[str, Any]:
    """What every page says first: that this is practice, that it stands by, that nothing is being checked."""
    user = context["request"].user
    standby = installation.standing().reasons if user.is_staff else ()
    return {
        "practice": practice.is_on(),
        "can_leave": user.has_perm("integrations.view_application"),
        "standby": standby,
        "may_claim": user.has_perm("integrations.claim_installation"),
        "silence": heartbeats.silence() if user.is_staff and not standby else None,
    }


@register.simple_tag
def organization_logo() -> OrganizationLogo | None:
    """The logo, without its content."""
    return logos.current()


@register.inclusion_tag("components/connections.html")
def connection_rows(connections: list[Connection]) -> dict[str, Any]:
    """Connections, a line each."""
    return {"connections": connections}
