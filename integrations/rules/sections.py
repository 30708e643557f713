"""The sections of the pages, as the sidebar lists them to whoever may open them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Section:
    """An entry of the sidebar: shown to whoever may see the page behind it."""

    label: str
    icon: str
    url_name: str
    permission: str
    below: str
    """Path under which the entry is the one that is marked."""
    also: tuple[str, ...] = ()
    """Further such paths."""
    unless: str = ""
    """A right whose page leads there already, so that the entry would be one too many."""


PORTAL: Final = "integrations.view_portal"
SECTIONS: Final = (
    Section(
        "Integrations",
        "plug",
        "admin:integrations_application_changelist",
        "integrations.view_application",
        "/admin/integrations/application/",
        also=("/admin/integrations/company/", "/admin/integrations/connection/"),
    ),
    Section(
        "Customers",
        "people",
        "admin:integrations_customer_changelist",
        "integrations.view_customer",
        "/admin/integrations/customer/",
    ),
    Section(
        "Activity",
        "list",
        "admin:integrations_auditevent_changelist",
        "integrations.view_auditevent",
        "/admin/integrations/auditevent/",
    ),
    Section(
        "Staff",
        "key",
        "admin:integrations_user_changelist",
        "integrations.view_user",
        "/admin/integrations/user/",
        also=("/admin/auth/group/",),
        unless=PORTAL,
    ),
    Section(
        "Organization",
        "building",
        "admin:integrations_organization_changelist",
        "integrations.view_organization",
        "/admin/integrations/organization/",
        unless=PORTAL,
    ),
    Section(
        "Portal",
        "gauge",
        "portal",
        PORTAL,
        "/admin/portal/",
        also=("/admin/integrations/organization/", "/admin/integrations/user/", "/admin/auth/"),
    ),
)


def marked(sections: list[Section], path: str) -> Section | None:
    """Return the one that fits a page most narrowly."""
    places = [
        (len(below), section)
        for section in sections
        for below in (section.below, *section.also)
        if path.startswith(below)
    ]
    return max(places, key=lambda place: place[0])[1] if places else None


def open_to(may: Callable[[str], bool]) -> list[Section]:
    """Return the sections that somebody may open; ``may`` tells whether he has a right."""
    return [section for section in SECTIONS if may(section.permission) and not (section.unless and may(section.unless))]
