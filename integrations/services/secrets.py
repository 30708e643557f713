"""An app's Client secret: set, and opened late, by name."""

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from integrations.models import Application, AuditEvent, ClientSecret
from integrations.rules.actors import Actor
from integrations.rules.keys import clean_client_secret
from integrations.services import keyring
from integrations.services.refusals import Refused

Status = ClientSecret.Status


@dataclass(frozen=True, slots=True)
class Stored:
    """What a page may show of a stored secret."""

    fingerprint: str
    status: str
    version: int
    row: ClientSecret
    opens: bool


def set(application: Application, plaintext: str, *, by: Actor) -> ClientSecret:  # noqa: A001 (the design's name)
    """Store a secret; the same one again changes nothing.

    A replacement becomes the one in use, unless the present one was proven to work: then it waits beside it
    as the newer one, so that a wrong paste cuts nobody off.

    Raises:
        Refused: the secret is not one that Exact gives; with the reasons.
        WrongKeyRing: the present keys are not this database's.
    """
    cleaned = clean_client_secret(plaintext, client_id=application.client_id)
    if cleaned.reasons:
        raise Refused(cleaned.reasons)
    with transaction.atomic():
        Application.objects.select_for_update().get(pk=application.pk)
        stored = {row.status: row for row in application.secrets.stored()}
        mark = keyring.fingerprint(cleaned.value)
        for row in stored.values():
            if row.fingerprint == mark and keyring.opens(row.sealed, row.place()):
                return row
        return _add(application, cleaned.value, mark, stored, by=by)


def stored(application: Application) -> list[Stored]:
    """Return what is stored, the one in use first, without opening it for the caller."""
    return [
        Stored(
            row.fingerprint,
            row.get_status_display(),
            row.version,
            row,
            keyring.opens(row.sealed, row.place()),
        )
        for row in _rows(application)
    ]


def _rows(application: Application) -> list[ClientSecret]:
    """Use what ``Application.objects.with_secrets()`` loaded, where it did."""
    loaded: list[ClientSecret] | None = getattr(application, "stored_secrets", None)
    return list(application.secrets.stored()) if loaded is None else loaded


def _add(
    application: Application, plaintext: str, mark: str, stored: dict[str, ClientSecret], *, by: Actor
) -> ClientSecret:
    current = stored.get(Status.CURRENT)
    keep = current is not None and current.proven_at and keyring.opens(current.sealed, current.place())
    replaced = stored.get(Status.NEWER) if keep else None
    for row in [replaced] if keep else stored.values():
        if row is not None:
            _retire(row)
    last = application.secrets.order_by("-version").values_list("version", flat=True).first()
    row = ClientSecret(
        application=application,
        version=(last or 0) + 1,
        status=Status.NEWER if keep else Status.CURRENT,
        fingerprint=mark,
        set_at=timezone.now(),
        set_by=str(by),
    )
    row.sealed = keyring.seal(plaintext, row.place())
    row.save(force_insert=True)
    details = {"fingerprint": mark, "version": row.version, "status": row.status}
    AuditEvent.objects.record("application.secret_set", application, by=by, details=details)
    return row


def _retire(row: ClientSecret) -> None:
    row.status, row.sealed = Status.RETIRED, ""
    row.save(update_fields=["status", "sealed"])
