"""What a link page says to whoever opens it, and the letter that it is sent with; both in one language."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone

from integrations.models import Customer, LinkPage, Organization
from integrations.rules.link_texts import ENGLISH, NAMES
from integrations.rules.link_words import Reason, Words, chosen, listed, only_ours, say
from integrations.services import links, replacements
from integrations.services.links import MadeLink


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter to copy; the address of the link stands in it, and is kept nowhere."""

    language: str
    subject: str
    text: str = field(repr=False)


def language_of(page: LinkPage | None, *, asked: str, accepted: str) -> str:
    """Return the language of a page: a customer's is his to choose; our own is English unless asked otherwise."""
    if page is not None and page.customer_id is None and asked not in NAMES:
        return ENGLISH
    return chosen(asked, accepted)


def words(
    language: str, organization: Organization, *, page: LinkPage | None = None, unnamed: str = "", **more: str
) -> Words:
    """Return the texts with the names that stand in them; ``unnamed``: what we are called before we have a name."""
    names = {"we": organization.name or unnamed, "customer": "", "app": ""}
    if page is not None:
        names |= {"app": page.application.name, "customer": _customers(page, language)}
    return Words(language, **(names | more))


def shown(page: LinkPage, language: str) -> dict[str, Any]:
    """Return what the link page shows now: who asks for what, or why it is not possible."""
    organization = Organization.objects.ours()
    reasons = links.why_not_open(page)
    return {
        "organization": organization,
        "t": words(language, organization, page=page),
        "customers": _customers(page, language),
        "page": page,
        "reasons": read_by(page, reasons, language),
        "waits": bool(reasons) and reasons == links.why_not_permitted(page),
        "until": _until(page.expires_at, language),
    }


def read_by(page: LinkPage | None, reasons: tuple[str, ...], language: str) -> list[str]:
    """Return the reasons as they are read: by customers in their language, on pages for us with what is staff's."""
    if page is not None and page.customer_id is None:
        return [one.in_language(language) if isinstance(one, Reason) else one for one in reasons]
    return [reason.in_language(language) for reason in only_ours(reasons)]


def letters(made: MadeLink, customer: Customer) -> list[Letter]:
    """Return the letter in every language, the customer's own first."""
    return [_letter(made, customer, language) for language in _languages(customer.language)]


def endings(code: str, *, first: str, contact: str, who: str, app: str, customer: str = "") -> list[Letter]:
    """Return in every language what somebody does at Exact once we have disconnected; ``first``: the language that
    comes first. ``code``: ``end``, or ``end_companies`` where the connection goes on for others."""
    return [
        _written((f"{code}_subject", code), language, contact=contact, who=who, app=app, customer=customer)
        for language in _languages(first)
    ]


def _letter(made: MadeLink, customer: Customer, language: str) -> Letter:
    return _written(
        ("letter_subject", "letter"),
        language,
        page=made.page,
        contact=customer.contact_name or customer.name,
        url=made.url,
        until=_until(made.page.expires_at, language),
        replaces=_replaces(made.page, language),
    )


def _written(codes: tuple[str, str], language: str, *, page: LinkPage | None = None, **values: str) -> Letter:
    """Return the subject and the text of these codes, with who we are and whom to ask."""
    organization = Organization.objects.ours()
    if support := _support(organization):
        support = f"\n{say('letter_support', language, support=support)}\n"
    t = words(language, organization, page=page, unnamed=say("letter_gap", language), support=support, **values)
    return Letter(language, *(t[code] for code in codes))


def _languages(first: str) -> list[str]:
    return sorted(NAMES, key=lambda code: code != first)


def _customers(page: LinkPage, language: str) -> str:
    return listed(replacements.customers_named(page), language)


def _replaces(page: LinkPage, language: str) -> str:
    """Return for whom the link is not: who signs in as before replaces nobody."""
    return "\n" + say("letter_replaces", language, who=str(page.replaces)) + "\n" if page.replaces else ""


def _support(organization: Organization) -> str:
    parts = (organization.support_name, organization.support_email, organization.support_phone)
    return ", ".join(part for part in parts if part)


def _until(at: datetime, language: str) -> str:
    """Return a moment as customers read it: they may be elsewhere, so it says whose time it is."""
    local = timezone.localtime(at)
    return say("moment", language, on=local.date().isoformat(), clock=f"{local:%H:%M}", zone=_zone(local, language))


def _zone(local: datetime, language: str) -> str:
    """Return the zone by its city, such as ``time in Amsterdam``; by its abbreviation where it has none."""
    area, _, city = getattr(local.tzinfo, "key", "").rpartition("/")
    if not area or area == "Etc":
        return f"{local:%Z}"
    return say("zone", language, city=city.replace("_", " "))
