"""Customers: found, added, changed, disconnected, erased."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from integrations.models import Access, AuditEvent, Company, Connection, Customer
from integrations.models.folded import LONGEST
from integrations.rules import customers as rules
from integrations.rules.actors import Actor
from integrations.rules.folding import fold
from integrations.rules.names import why_not_shown
from integrations.services import companies, links, rights, standings, token_store
from integrations.services.refusals import Refused

CHANGEABLE: Final = ("name", "reference", "language", "contact_name", "contact_email", "contact_phone", "note")
ONE_LINE: Final = ("name", "reference", "contact_name", "contact_phone")
KEYS: Final = ("name_key", "reference_key")


def get(customer_id: UUID) -> Customer:
    """Return the customer.

    Raises:
        Refused: there is none of this id.
    """
    customer = Customer.objects.filter(pk=customer_id).first()
    if customer is None:
        raise Refused([f"There is no customer {customer_id}."])
    return customer


def named(name: str, *, by: Actor) -> Customer:
    """Return the customer of this name, who is added where there is none.

    Raises:
        Refused: several have the name, or it is none.
    """
    name = " ".join(name.split())
    if name and (reasons := why_not_shown(name)):
        raise Refused(reasons)
    found = list(Customer.objects.filter(name=name, erased_at__isnull=True)[:2])
    if len(found) > 1:
        raise Refused([f"Several customers are called “{name}”. Say which one by --customer-id."])
    return found[0] if found else add(Customer(name=name), by=by)


def add(customer: Customer, *, by: Actor) -> Customer:
    """Store a new customer.

    Raises:
        Refused: a field is not as it must be, or the reference is taken; or no right to it.
    """
    rights.require(by, "integrations.add_customer")
    with _refusing(), transaction.atomic():
        customer.created_by = str(by)
        _clean(customer)
        customer.save(force_insert=True)
        AuditEvent.objects.record("customer.added", customer, by=by)
    return customer


def change(customer: Customer, *, by: Actor) -> tuple[str, ...]:
    """Store what differs from the row, and return the names of these fields; the event holds no more either.

    Raises:
        Refused: as for ``add``, and where the customer is erased.
    """
    rights.require(by, "integrations.change_customer")
    with _refusing(), transaction.atomic():
        row = Customer.objects.select_for_update().get(pk=customer.pk)
        if row.erased_at:
            raise Refused(["The customer is erased, and can no longer be changed."])
        _clean(customer)
        changed = tuple(name for name in CHANGEABLE if getattr(row, name) != getattr(customer, name))
        if changed:
            customer.save(update_fields=[*changed, *KEYS])
            AuditEvent.objects.record(
                "customer.changed", customer, by=by, details={"fields": [_label(name) for name in changed]}
            )
    return changed


# --- Disconnecting ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Kept:
    """A connection that others use, too."""

    connection: Connection
    serves: tuple[str, ...]
    """The other customers by name, and ourselves."""


@dataclass(frozen=True, slots=True)
class Effects:
    """What disconnecting stops, and what goes on."""

    reasons: tuple[str, ...]
    """Why it is not possible; empty where it is."""
    companies: list[Company]
    """Which are used."""
    spare: int
    """Which are reached, too, and not used: no call stops."""
    ended: list[Connection]
    kept: list[Kept]
    links: int
    """Open link pages, which close."""
    imports: int
    """From a former system, which wait for Exact, and end."""


def effects(customer: Customer) -> Effects:
    """Return what ``disconnect`` would do now, for the page that asks."""
    live = Access.objects.filter(company__customer=customer, withdrawn_at__isnull=True)
    reached = list(Company.objects.filter(pk__in=live.values("company")).order_by("name_key", "division"))
    rows = Connection.objects.filter(pk__in=live.values("connection")).select_related("application").order_by("pk")
    connections = list(rows)
    served = _served(connections)
    ended, kept = [], []
    for connection in connections:
        owners = served[connection.pk]
        if rules.goes_on(owners, without=customer.pk):
            names = [name for owner, name in owners.items() if owner != customer.pk]
            kept.append(Kept(connection, tuple(sorted(names))))
        else:
            ended.append(connection)
    reasons = rules.why_not_disconnected(standings.facts(customer))
    used = [company for company in reached if company.use == Company.Use.USED]
    pages, waiting = links.open_for([customer]).count(), links.importing([customer]).count()
    return Effects(reasons, used, len(reached) - len(used), ended, kept, pages, waiting)


def disconnect(customer: Customer, *, by: Actor) -> Effects:
    """Stop using the customer's companies. A consent that others use goes on without them; one that nobody else
    uses is ended: its tokens are destroyed, its history stays. Open link pages close.

    Raises:
        Refused: with every reason; or no right to it.
    """
    rights.require(by, "integrations.disconnect_connection")
    with transaction.atomic():
        row = Customer.objects.select_for_update().get(pk=customer.pk)
        # In the order in which a check takes them: connections before accesses.
        reaching = Access.objects.filter(company__customer=row, withdrawn_at__isnull=True)
        locked = Connection.objects.filter(pk__in=reaching.values("connection")).order_by("pk").select_for_update()
        list(locked)
        now = timezone.now()
        what = effects(row)
        if what.reasons:
            raise Refused(what.reasons)
        reaching.update(withdrawn_at=now, withdrawn_by=str(by))
        Company.objects.filter(customer=row).update(primary_access=None)
        Access.objects.filter(connection__in=what.ended, withdrawn_at__isnull=True).update(
            withdrawn_at=now, withdrawn_by=str(by)
        )
        for connection in what.ended:
            token_store.destroy(connection, f"Staff disconnected it on {standings.say(now)}.", by=by)
            AuditEvent.objects.record("connection.disconnected", connection, by=by)
        companies.choose_primary(Company.objects.filter(primary_access__connection__in=what.ended))
        for kept in what.kept:
            companies.pin(kept.connection)
        _close(row, now, by=by)
        row.disconnected_at = now
        row.save(update_fields=["disconnected_at"])
        counts = {
            "companies": len(what.companies) + what.spare,
            "connections_ended": len(what.ended),
            "connections_kept": len(what.kept),
            "link_pages_closed": what.links,
            **({"imports_ended": what.imports} if what.imports else {}),
        }
        AuditEvent.objects.record("customer.disconnected", row, by=by, details=counts)
    customer.refresh_from_db()
    return what


def _close(row: Customer, now: datetime, *, by: Actor) -> None:
    """Nothing that was begun for the customer leads anywhere any more."""
    links.open_for([row]).update(expires_at=now)
    links.stop(links.unfinished_for(row), by=by)


def _served(connections: list[Connection]) -> dict[UUID, dict[UUID | None, str]]:
    """Return whose companies each connection reaches now, by name."""
    live = Access.objects.filter(connection__in=connections, withdrawn_at__isnull=True)
    live = live.filter(company__in=Company.objects.owned())  # what is nobody's yet keeps no consent alive
    served: dict[UUID, dict[UUID | None, str]] = {connection.pk: {} for connection in connections}
    rows = live.values_list("connection_id", "company__customer_id", "company__customer__name").distinct()
    for connection, owner, name in rows:
        served[connection][owner] = name or "our own companies"
    return served


# --- Erasing ------------------------------------------------------------------------------------------------


def why_not_erased(customer: Customer) -> tuple[str, ...]:
    return rules.why_not_erased(standings.facts(customer))


def erase(customer: Customer, *, by: Actor) -> None:
    """Forget who the customer is: names, contact and note, the names of the companies, and of Exact's users whose
    connection serves nobody any more. What was done stays, since events hold ids.

    Raises:
        Refused: with every reason; or no right to it.
    """
    rights.require(by, "integrations.erase_customer")
    with transaction.atomic():
        row = Customer.objects.select_for_update().get(pk=customer.pk)
        now = timezone.now()
        if reasons := why_not_erased(row):
            raise Refused(reasons)
        _forget_users(row)
        Company.objects.filter(customer=row).update(name=rules.ERASED_COMPANY, name_key="")
        _close(row, now, by=by)
        row.links.exclude(tried_because="").update(tried_because=rules.ERASED)
        _empty(row, now)
        AuditEvent.objects.record("customer.erased", row, by=by)
    customer.refresh_from_db()


def _empty(row: Customer, now: datetime) -> None:
    row.name = rules.ERASED
    for name in Customer.PERSONAL:
        setattr(row, name, "")
    row.erased_at, row.disconnected_at = now, row.disconnected_at or now
    row.save(update_fields=["name", *Customer.PERSONAL, *KEYS, "erased_at", "disconnected_at"])


def _forget_users(customer: Customer) -> None:
    live = Access.objects.filter(withdrawn_at__isnull=True)
    reached = Access.objects.filter(company__customer=customer)
    rows = Connection.objects.filter(pk__in=reached.values("connection"), status__in=Connection.ENDED)
    unused = rows.exclude(pk__in=live.values("connection"))
    unused.update(full_name="", user_name="", email="", email_key="")


# --- Fields -------------------------------------------------------------------------------------------------


def _clean(customer: Customer) -> None:
    for name in ONE_LINE:
        setattr(customer, name, " ".join(getattr(customer, name).split()))
    # As long as the columns are: what is too long is said of the name alone.
    customer.name_key, customer.reference_key = fold(customer.name)[:LONGEST], fold(customer.reference)[:LONGEST]
    customer.full_clean()
    if reasons := why_not_shown(customer.name):
        raise ValidationError({"name": list(reasons)})


def _label(name: str) -> str:
    return str(getattr(Customer._meta.get_field(name), "verbose_name", name))


@contextmanager
def _refusing() -> Iterator[None]:
    """Say in sentences what is wrong with a field."""
    try:
        yield
    except ValidationError as error:
        raise Refused(_sentences(error)) from None
    except IntegrityError as error:
        if "customer_reference_once" not in str(error) and "reference_key" not in str(error):
            raise
        raise Refused(["Another customer has this reference already."]) from None


def _sentences(error: ValidationError) -> list[str]:
    if not hasattr(error, "error_dict"):
        return error.messages
    found = []
    for name, messages in error.message_dict.items():
        label = "" if name == "__all__" else _label(name).capitalize()
        found += [f"{label}: {message}" if label else message for message in messages]
    return found
