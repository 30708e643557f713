"""An app's Client secret: set, opened late, by name, and proven by Exact."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from integrations.crypto import CannotOpen
from integrations.exact import errors
from integrations.models import Application, AuditEvent, ClientSecret
from integrations.rules.actors import PORTAL, Actor
from integrations.rules.keys import clean_client_secret
from integrations.services import keyring, refused_keys, rights
from integrations.services.refusals import Conflict, Refused

ANOTHER_MEANWHILE: Final = (
    "Somebody stored another Client secret after you opened this page, so yours was not stored. Look at who did, and "
    "enter yours once more where it is the right one."
)
Status = ClientSecret.Status
Answered = TypeVar("Answered")


@dataclass(frozen=True, slots=True)
class Stored:
    """What a page may show of a stored secret."""

    fingerprint: str
    status: str
    version: int
    row: ClientSecret
    opens: bool


def set(  # noqa: A001 (the design's name)
    application: Application, plaintext: str, *, by: Actor, after: int | None = None
) -> ClientSecret:
    """Store a secret; the same one again changes nothing.

    A replacement becomes the one in use, unless the present one was proven to work: then it waits beside it
    as the newer one, so that a wrong paste cuts nobody off. To enter the one in use again takes that newer one back.
    ``after``: the version of the newest one that whoever typed had seen; None where nobody looked.

    Raises:
        Conflict: somebody stored another one meanwhile.
        Refused: the secret is not one that Exact gives; with the reasons. Or no right to it.
        WrongKeyRing: the present keys are not this database's.
    """
    rights.require(by, "integrations.set_keys")
    cleaned = clean_client_secret(plaintext, client_id=application.client_id)
    if cleaned.reasons:
        raise Refused(cleaned.reasons)
    with transaction.atomic():
        Application.objects.select_for_update().get(pk=application.pk)
        stored = {row.status: row for row in application.secrets.stored()}
        mark = keyring.fingerprint(cleaned.value)
        same = next((row for row in stored.values() if _holds(row, mark)), None)
        waits = stored.get(Status.NEWER)
        if same is not None and waits in (None, same):
            return same
        if after is not None and after != newest(application):
            raise Conflict([ANOTHER_MEANWHILE], version=application.version)
        if same is not None and waits is not None:
            _take_back(application, waits, by=by)
            return same
        return _add(application, cleaned.value, mark, stored, by=by)


def newest(application: Application) -> int:
    """Return the version of the newest secret that was ever stored; 0 where none was."""
    last = application.secrets.order_by("-version").values_list("version", flat=True).first()
    return last or 0


def loaded(applications: QuerySet[Application]) -> QuerySet[Application]:
    """Load the secrets in use of many apps with one query, for ``stored``."""
    rows = ClientSecret.objects.stored()
    return applications.prefetch_related(Prefetch("secrets", queryset=rows, to_attr="stored_secrets"))


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


@dataclass(frozen=True, slots=True)
class Opened:
    """A secret for one request at Exact; the plaintext is in no repr."""

    row: ClientSecret
    plaintext: str = field(repr=False)


def in_use(application: Application) -> list[Opened]:
    """Open what is stored, the current one first, then a newer one; what does not open is left out."""
    opened = []
    for row in application.secrets.stored():
        try:
            opened.append(Opened(row, keyring.open_(row.sealed, row.place())))
        except CannotOpen:
            continue
    return opened


def first_accepted(candidates: Sequence[Opened], ask: Callable[[str], Answered]) -> tuple[Answered, Opened]:
    """Ask Exact with the first secret, and once with each further one while it says ``invalid_client``.

    Return the answer and the secret that it was given to: store the answer, then ``prove`` the secret.

    Raises:
        IndexError: there are no candidates.
        ExactError: whatever ``ask`` raises; `InvalidClient` only when it refused the last one too.
    """
    for opened in candidates[:-1]:
        try:
            return ask(opened.plaintext), opened
        except errors.InvalidClient:
            continue
    last = candidates[-1]
    return ask(last.plaintext), last


def prove(opened: Opened) -> None:
    """Note that Exact accepted a secret. A newer one becomes the current one, which is retired with its
    secret; one that was replaced meanwhile is left as it is.
    """
    if opened.row.status == Status.CURRENT and opened.row.proven_at is not None:
        return
    with transaction.atomic():
        application = Application.objects.select_for_update().get(pk=opened.row.application_id)
        stored = {row.status: row for row in application.secrets.stored()}
        row = next((row for row in stored.values() if row.pk == opened.row.pk), None)
        if row is None or (row.status == Status.CURRENT and row.proven_at is not None):
            return
        promoted = row.status == Status.NEWER
        if promoted and Status.CURRENT in stored:
            _retire(stored[Status.CURRENT])
        row.status, row.proven_at = Status.CURRENT, max(timezone.now(), row.set_at)
        row.save(update_fields=["status", "proven_at"])
        details = {"fingerprint": row.fingerprint, "version": row.version, "promoted": promoted}
        AuditEvent.objects.record("application.secret_proven", application, by=PORTAL, details=details)


def _rows(application: Application) -> list[ClientSecret]:
    """Use what ``loaded`` read, where it did."""
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
    row = ClientSecret(
        application=application,
        version=newest(application) + 1,
        status=Status.NEWER if keep else Status.CURRENT,
        fingerprint=mark,
        set_at=timezone.now(),
        set_by=str(by),
    )
    row.sealed = keyring.seal(plaintext, row.place())
    row.save(force_insert=True)
    refused_keys.changed(application)
    details = {"fingerprint": mark, "version": row.version, "status": row.status}
    AuditEvent.objects.record("application.secret_set", application, by=by, details=details)
    return row


def _holds(row: ClientSecret, mark: str) -> bool:
    return row.fingerprint == mark and keyring.opens(row.sealed, row.place())


def _take_back(application: Application, newer: ClientSecret, *, by: Actor) -> None:
    _retire(newer)
    details = {"fingerprint": newer.fingerprint, "version": newer.version}
    AuditEvent.objects.record("application.secret_taken_back", application, by=by, details=details)


def _retire(row: ClientSecret) -> None:
    row.status, row.sealed = Status.RETIRED, ""
    row.save(update_fields=["status", "sealed"])
