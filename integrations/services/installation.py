"""Who owns the tokens, and who stands by.

``refuse_standby`` is asked where a token is handed out, where a call or a check begins, and once more by the
wire just before each request leaves. It reads the row anew each time: one query by primary key, nothing cached,
so that no process goes on by what it knew before somebody else claimed.

What is left is a request that is on its way at the very moment of a claim. On a shared database it does no harm:
it has its lease in the same rows, so that the new owner waits for it, and its answer is saved there whoever owns
the tokens by then. From a copied file nobody sees it: that is why a claim asks whether the other portal is
stopped.
"""

import os
import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from integrations.models import AuditEvent, Connection, Installation
from integrations.rules import installation as rule
from integrations.rules.actors import Actor
from integrations.rules.installation import Here, Owner, Reason
from integrations.services import database, rights, takeover
from integrations.services.refusals import Refused
from integrations.services.takeover import Original
from integrations.services.token_errors import StandingBy

FASTER: Final = "Somebody else claimed the tokens at this moment. Look again."


@dataclass(frozen=True, slots=True)
class Standing:
    """Where this portal stands: whose the tokens are, and why it stands by, if it does."""

    row: Installation | None
    here: Here
    reasons: tuple[Reason, ...]

    @property
    def owner(self) -> Owner | None:
        return _owner(self.row)

    @property
    def address_changed(self) -> bool:
        return rule.address_changed(self.here, self.owner)

    @property
    def why_not_claimed(self) -> tuple[str, ...]:
        return rule.why_not_claimed(self.here, self.owner)


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a claim did: ``original`` says whether the one that owned the tokens knows of it."""

    owner: str
    claimed_at: datetime
    original: Original


def standing() -> Standing:
    """Look who owns the tokens, by one query."""
    row = Installation.objects.first()
    here = Here(own_id(), database.mark(), settings.STANDBY, settings.PUBLIC_URL)
    return Standing(row, here, rule.why_standing_by(here, _owner(row)))


def _owner(row: Installation | None) -> Owner | None:
    """Return the owner as the rule sees him."""
    return Owner(row.owner, row.database, row.public_url) if row else None


def refuse_standby() -> None:
    """Let the owner of the tokens pass, and nobody else.

    Raises:
        StandingBy: nothing may be asked of Exact here.
    """
    if reasons := standing().reasons:
        raise StandingBy(" ".join(["This portal stands by.", *(reason.what for reason in reasons)]))


def own_id() -> str:
    """Return the id of this installation; empty where it has none yet."""
    chosen: str = settings.INSTALLATION_ID
    with suppress(OSError, ValueError):
        # Made by the first start, maybe after this process read its settings.
        chosen = chosen or settings.INSTALLATION_FILE.read_text(encoding="ascii").strip()
    return chosen if rule.is_id(chosen) else ""


def settle(*, by: Actor, upgraded: bool = False) -> bool:
    """Give this installation an id where it has none, and let it claim a database that may be claimed without
    asking; return whether it did. What every start and every ``migrate`` does.

    ``upgraded``: the table of owners was made just now, in a database that is older than it.
    """
    if not own_id():
        _make_id(settings.INSTALLATION_FILE)
    seen = standing()
    if not rule.may_claim_by_itself(seen.owner, ever_linked=_ever_linked(), upgraded=upgraded):
        return False
    if seen.why_not_claimed:
        return False
    with suppress(IntegrityError), transaction.atomic():  # somebody else was faster: then he owns them
        _write(Installation(), seen.here, by=by, now=timezone.now())
        return True
    return False


def claim(*, by: Actor) -> Claimed:
    """Make this installation the owner of the tokens. Whoever asks for it has made sure that the other portal
    is stopped.

    The original of a copied SQLite file is told first, in its own file, where that is on this machine: so there
    is no moment in which both own them.

    Raises:
        Refused: with every reason, or no right to it; nothing was changed.
    """
    rights.require(by, "integrations.claim_installation")
    seen = standing()
    if seen.why_not_claimed:
        raise Refused(seen.why_not_claimed)
    now = timezone.now()
    original = takeover.tell(seen.row, owner=_values(seen.here, by, now)) if seen.row else Original.NONE
    try:
        with transaction.atomic():
            row = Installation.objects.select_for_update().first()
            if _since(row) != _since(seen.row):
                raise Refused([FASTER])
            _write(row or Installation(), seen.here, by=by, now=now)
    except IntegrityError:  # there was no row to lock
        raise Refused([FASTER]) from None
    return Claimed(seen.here.installation, now, original)


def _since(row: Installation | None) -> datetime | None:
    return row.claimed_at if row else None


def _write(row: Installation, here: Here, *, by: Actor, now: datetime) -> None:
    before = (row.owner, row.database, row.public_url)
    for name, value in _values(here, by, now).items():
        setattr(row, name, value)
    row.save()
    after = (row.owner, row.database, row.public_url)
    changes = zip(("owner", "database", "address"), before, after, strict=True)
    details = {name: [old, new] for name, old, new in changes if old != new}
    AuditEvent.objects.record("installation.claimed", row, by=by, details=details)


def _values(here: Here, by: Actor, now: datetime) -> dict[str, Any]:
    file = database.sqlite_file()
    return {
        "owner": here.installation,
        "database": here.database,
        "database_path": str(file.resolve()) if file else "",
        "public_url": here.address,
        "claimed_at": now,
        "claimed_by": str(by),
    }


def _ever_linked() -> bool:
    return Connection.objects.exists() or AuditEvent.objects.filter(action="connection.made").exists()


def _make_id(path: Path) -> None:
    """Write a new id, for this user only; whole, or not at all, and never over another one."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.part")
    unfinished.touch(mode=0o600)
    unfinished.write_text(f"{uuid.uuid4()}\n", encoding="ascii")
    with suppress(FileExistsError):
        os.link(unfinished, path)
    unfinished.unlink()
