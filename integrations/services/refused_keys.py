"""An app whose keys Exact refuses: its connections stay as they are, and Exact is asked once an hour.

``invalid_client`` says nothing about a connection. Asking again for each of them would be hundreds of errors an hour,
which Exact punishes; never asking again would let every link die of a refusal that was Exact's own mistake.
"""

from collections.abc import Collection
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from integrations.models import Application, AuditEvent, ClientSecret, Connection
from integrations.rules.actors import PORTAL
from integrations.services import keyring
from integrations.services.token_errors import KeysRefused

AGAIN: Final = timedelta(hours=1)
REASON: Final = (
    "Exact refuses the keys of this app (invalid_client). Its connections stay as they are; enter the Client ID and "
    "Client secret that Exact shows."
)
STATE: Final = ("keys_refused_at", "keys_tried_at")
"""The columns that this is read from."""


def refuse(row: Application) -> None:
    """Let nobody pass within an hour after the keys were refused; ``row`` was read just now.

    Raises:
        KeysRefused: it is not yet over.
    """
    if row.keys_refused_at is None or row.keys_tried_at is None:
        return
    if row.connections.linked().filter(token_answered_at__gt=row.keys_refused_at).exists():
        accepted(row)  # the answer to a request that was under way when another one was refused
        row.keys_refused_at = row.keys_tried_at = None
        return
    if timezone.now() < row.keys_tried_at + AGAIN:
        raise KeysRefused(REASON, until=row.keys_tried_at + AGAIN)


def claim(row: Application) -> None:
    """Just before a request is sent: let one of those pass whom ``refuse`` let pass.

    Raises:
        KeysRefused: this is not the one.
    """
    if row.keys_refused_at is None:
        return
    now = timezone.now()
    refused = Application.objects.filter(pk=row.pk, keys_refused_at__isnull=False)
    if not refused.filter(keys_tried_at=row.keys_tried_at).update(keys_tried_at=now) and refused.exists():
        raise KeysRefused(REASON, until=now + AGAIN)


def note(application: Application, tried: Collection[ClientSecret]) -> None:
    """Exact refused every secret of the app: one event, however many connections find out.

    Not where other keys are stored by now than those that it refused.
    """
    now = timezone.now()
    with transaction.atomic():
        list(Application.objects.select_for_update().filter(pk=application.pk))  # whoever stores keys locks it, too
        usable = {row.pk for row in application.secrets.stored() if keyring.opens(row.sealed, row.place())}
        first = Application.objects.filter(
            pk=application.pk, client_id=application.client_id, keys_refused_at__isnull=True
        )
        if not usable <= {row.pk for row in tried}:
            return
        if first.update(keys_refused_at=now, keys_tried_at=now):
            AuditEvent.objects.record("application.keys_refused", application, by=PORTAL)


def accepted(application: Application) -> None:
    """Exact gave tokens: the keys are good. Whatever waited for that is checked at once.

    ``application``: as it was read before the request. Who refuses them after that finds these tokens.
    """
    if application.keys_refused_at is None:
        return
    with transaction.atomic():
        if _forget(application):
            AuditEvent.objects.record("application.keys_accepted", application, by=PORTAL)


def changed(application: Application) -> None:
    """The keys are others now: Exact is asked with them at once. The caller records the change."""
    _forget(application)


def _forget(application: Application) -> int:
    refused = Application.objects.filter(pk=application.pk, keys_refused_at__isnull=False)
    found = refused.update(keys_refused_at=None, keys_tried_at=None)
    if found:
        Connection.objects.filter(application=application).fall_due(timezone.now())
    return found
