"""Faults while the same user consents again: what he had before ends at Exact with that, and the new has to be kept."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

from django.db.models import F

from integrations.models import Connection, LinkPage
from integrations.services import connections, token_journal, token_sweep
from tests.faults import worker
from tests.faults.stage import Case
from tests.faults.volumes import fill, own, small


def killed(point: str) -> Callable[[Case], None]:
    """The process that traded the code is killed; the sweeps go on where it ended."""

    def play(case: Case) -> None:
        state_id, code = case.consents()
        case.stopped_at(point, consent=(state_id, code)).kill()
        case.traded()
        case.due()
        _swept(case, UUID(state_id))

    return play


def without_room(case: Case) -> None:
    """The code is not traded; he consents again once there is room."""
    volume, before = small(case), case.trades()
    fill(volume)
    said = case.ask(consent=case.consents())
    assert said["error"] == "JournalUnwritable", said
    assert case.trades() == before, "the code was traded although its tokens could not be kept"
    (volume / "filling").unlink()
    said = case.ask(consent=case.consents())
    assert "token" in said, said
    case.traded()


def without_room_after_all(case: Case) -> None:
    """There was room when the code was traded; the volume goes before the tokens are on it."""
    volume = own(case)
    holder = case.stopped_at(worker.TRADED, consent=case.consents())
    shutil.move(volume, volume.with_name("elsewhere"))
    holder.go_on()
    said = holder.answer()
    assert "token" in said, said
    case.traded()
    volume.mkdir(exist_ok=True)


def _swept(case: Case, pending_id: UUID) -> None:
    """What the sweeps do a minute later, for this one alone."""
    entry = token_journal.read(pending_id)
    assert entry is not None
    before = Connection.objects.filter(pk=case.connection.pk)
    before.update(consented_at=F("consented_at") - token_sweep.YOUNG)
    token_journal.write(replace(entry, answered_at=entry.answered_at - token_sweep.YOUNG))
    row = Connection.objects.filter(pk=pending_id).first()
    token_sweep._compare(pending_id, row, token_sweep.Swept())
    pending = Connection.objects.pending().select_related("application").filter(pk=pending_id).first()
    if pending is not None:
        connections.finish(pending, LinkPage.objects.get(connection=pending))
