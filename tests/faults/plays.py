"""The faults: what is done to the worker, the database, the disk, Exact or the clock while one connection is refreshed.

Each takes a case whose next token is due, and returns once the fault is over; what became of the connection is seen by
whoever asks next.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from django.db import connection as database
from django.utils import timezone

from integrations.crypto import Key
from integrations.models import Connection
from integrations.services import secrets
from tests.conftest import SOMEBODY
from tests.faults import consents, proxy, volumes, worker
from tests.faults.crew import Beaten, Worker
from tests.faults.stage import ALIVE, CONSENT, Case, NotHere, locked
from tests.faults.times import DEADLINE, LEASE, LIFETIME

WINDOW: Final = "between Exact's rotation and our file: no client can close it"


@dataclass(frozen=True, slots=True)
class Fault:
    name: str
    play: Callable[[Case], None]
    ends: tuple[str, ...] = (ALIVE,)
    note: str = ""


# --- Processes that are killed, or stopped --------------------------------------------------------------------


def kill_at(point: str) -> Callable[[Case], None]:
    def play(case: Case) -> None:
        case.stopped_at(point).kill()

    return play


def kill_after_sending(case: Case) -> None:
    """Exact has the request and takes its time; the worker is killed while it listens."""
    case.order("slow", seconds=DEADLINE)
    asking = case.worker()
    case.received(1)
    time.sleep(case.rng.uniform(0, 0.5))
    asking.kill()


def twenty(case: Case) -> None:
    crowd = [case.worker() for _ in range(20)]
    answers = [each.answer() for each in crowd]
    assert all("token" in answer for answer in answers), answers
    assert len({answer["token"] for answer in answers}) == 1
    assert len(case.requests()) == 1


def paused(point: str) -> Callable[[Case], None]:
    """The holder stands still for longer than its lease; others ask meanwhile; then it goes on."""

    def play(case: Case) -> None:
        holder = case.stopped_at(point)
        others = case.bystanders()
        time.sleep(LEASE + case.rng.uniform(0.2, 1.0))
        case.ask()
        holder.go_on()
        for each in [holder, *others]:
            each.answer()

    return play


def paused_while_listening(case: Case) -> None:
    """SIGSTOP while Exact answers; SIGCONT past the lease: the answer waits in the socket."""
    case.order("slow", seconds=1)
    holder = case.worker()
    case.received(1)
    holder.freeze()
    time.sleep(LEASE + case.rng.uniform(0.2, 1.0))
    case.ask()
    holder.go_on()
    holder.answer()


def paused_in_a_transaction(case: Case) -> None:
    """The same within the transaction that saves. SQLite lets nobody else write meanwhile, so nobody is there."""
    holder = case.stopped_at(worker.BEFORE_THE_COMMIT)
    if database.vendor == "postgresql":
        time.sleep(LEASE + case.rng.uniform(0.2, 1.0))
    holder.go_on()
    holder.answer()


# --- The database -----------------------------------------------------------------------------------------------


def database_gone(case: Case) -> None:
    """Between the answer and the commit: PostgreSQL ends the session, SQLite is locked for longer than one waits."""
    if database.vendor == "postgresql":
        holder = case.stopped_at(worker.ANSWERED)
        with database.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [holder.backend])
        holder.go_on()
        assert "error" in holder.answer()
        return
    options = {**database.settings_dict["OPTIONS"], "timeout": 0.3}
    holder = case.stopped_at(worker.ANSWERED, database={"OPTIONS": options})
    with locked(Path(database.settings_dict["NAME"])):
        holder.go_on()
        said = holder.answer()
    assert said["error"] == "OperationalError", said


def connection_cut(case: Case) -> None:
    """COMMIT has reached the server, and its answer does not come back."""
    if database.vendor != "postgresql":
        raise NotHere("SQLite is a file: nothing lies between us and the commit.")
    between = case.stack.enter_context(
        proxy.before(database.settings_dict["HOST"], int(database.settings_dict["PORT"]))
    )
    holder = case.stopped_at(worker.BEFORE_THE_COMMIT, database={"HOST": "127.0.0.1", "PORT": between.port})
    between.cut_the_next_answer()
    holder.go_on()
    said = holder.answer()
    assert between.cut.is_set()
    assert "error" in said, said


def restored_backup(case: Case) -> None:
    """The rows as they were two refreshes ago."""
    backup = case.stored()
    for _ in range(2):
        said = case.ask()
        assert "token" in said, said
        case.due()
    Connection.objects.filter(pk=case.connection.pk).update(**backup)


def wrong_key_ring(case: Case) -> None:
    said = case.ask(keys=str(Key.generate("other")))
    assert said["error"] == "WrongKeyRing", said
    assert case.requests() == []


# --- Exact --------------------------------------------------------------------------------------------------------


def answers(fault: str, *, processed: bool, **params: Any) -> Callable[[Case], None]:
    def play(case: Case) -> None:
        case.order(fault, processed=processed, **params)
        others = case.bystanders()
        case.ask()
        for each in others:
            each.answer()

    return play


def secret_replaced(case: Case) -> None:
    """Somebody made a new secret at Exact, and enters it here some time later."""
    new = case.replace_secret()
    before = case.row()
    said = [case.ask() for _ in range(4)]
    assert all("error" in each for each in said), said
    assert case.row().status == before.status, case.row().status
    assert len(case.requests()) <= 1, "the app was hammered with keys that Exact refuses"
    case.may_change.add("next_check_at")  # new keys let all of the app be looked at
    secrets.set(case.application, new, by=SOMEBODY)


# --- Clocks ---------------------------------------------------------------------------------------------------------


def clock_off(hours: float) -> Callable[[Case], None]:
    """A machine whose clock is wrong asks; then one whose clock is right."""

    def play(case: Case) -> None:
        case.steps.append(f"a clock {hours:+g} h off")
        case.ask(ahead=hours * 3600)

    return play


def clock_back_killed(case: Case) -> None:
    """The token is old by a clock that is an hour back, and the request goes unfinished."""
    past = timezone.now() - timedelta(seconds=2 * 3600)
    Connection.objects.filter(pk=case.connection.pk).update(token_answered_at=past)
    case.stopped_at(worker.BEFORE_THE_REQUEST, ahead=-3600).kill()


def clock_put_right(hours: float) -> Callable[[Case], None]:
    """The clock was wrong while a worker was stopped with the answer, and is right for everybody after it."""

    def play(case: Case) -> None:
        case.stopped_at(worker.AFTER_THE_FILE, ahead=hours * 3600).kill()

    return play


def clock_ahead_and_lost(case: Case) -> None:
    """The clock was wrong for a while, in which an answer was lost; it is right for everybody after it."""
    ahead = timedelta(hours=1)
    last = timezone.now() + ahead - timedelta(seconds=LIFETIME)
    Connection.objects.filter(pk=case.connection.pk).update(token_answered_at=last)
    case.order("error_500", processed=False)
    said = case.ask(ahead=ahead.total_seconds())
    assert said["error"] == "OutcomeUnknown", said


def clock_off_beside(hours: float) -> Callable[[Case], None]:
    """A machine whose clock is wrong asks while another one's request is under way."""

    def play(case: Case) -> None:
        if database.vendor != "postgresql":
            raise NotHere("SQLite is on one machine, which has one clock.")
        case.order("slow", seconds=1)
        holder = case.worker()
        case.received(1)
        other = case.worker(ahead=hours * 3600)
        assert "token" in holder.answer()
        other.answer()

    return play


# --- Several at once ------------------------------------------------------------------------------------------------


def walk(case: Case) -> None:
    """Some faults after one another, each on what the ones before it left."""
    plays = [
        kill_at(worker.TAKEN),
        kill_at(worker.BEFORE_THE_REQUEST),
        kill_at(worker.AFTER_THE_FILE),
        kill_at(worker.BEFORE_THE_COMMIT),
        kill_at(worker.AFTER_THE_COMMIT),
        paused(worker.TAKEN),
        database_gone,
        wrong_ring_once,
        answers("error_500", processed=False),
        answers("html_200", processed=False),
        answers("dropped", processed=False),
        answers("slow", processed=True, seconds=1),
    ]
    if database.vendor == "postgresql":  # SQLite is on one machine, which has one clock
        plays += [clock_off(1), clock_off(-1)]
    for _ in range(case.rng.randint(2, 3)):
        beside = disturb(case)
        with suppress(NotHere, Beaten):
            case.rng.choice(plays)(case)
        for each in beside:
            each.answer()
        ending = case.settle_once()
        if ending.fate != ALIVE:
            return
        case.due()


def disturb(case: Case) -> list[Worker]:
    """Let others be at it at the same moment, one of them with a wrong key ring, and one whose clock is off."""
    odd: list[dict[str, Any]] = [{}, {"keys": str(Key.generate("other"))}]
    if database.vendor == "postgresql":
        odd.append({"ahead": 3600.0 * case.rng.choice([-1, 1])})
    chosen = case.rng.sample(odd, case.rng.randint(0, 2))
    case.steps += [f"beside a worker with {next(iter(told), 'nothing odd')}" for told in chosen]
    return [case.worker(**told) for told in chosen]


def wrong_ring_once(case: Case) -> None:
    case.steps.append("wrong key ring")
    case.ask(keys=str(Key.generate("other")))


def nothing(case: Case) -> None:
    """What happens is in the test."""


COPIED: Final = Fault("a restored copy beside the original", nothing)
RESTORED: Final = Fault("restored file, older than Exact's state", nothing)
TOGETHER: Final = (
    Fault("killed with the lease taken", kill_at(worker.TAKEN)),
    Fault("killed before the request", kill_at(worker.BEFORE_THE_REQUEST)),
    Fault("killed after sending", kill_after_sending, (CONSENT,), WINDOW),
    Fault("killed with the answer in memory", kill_at(worker.ANSWERED), (CONSENT,), WINDOW),
    Fault("killed after the file", kill_at(worker.AFTER_THE_FILE)),
    Fault("killed before the commit", kill_at(worker.BEFORE_THE_COMMIT)),
    Fault("killed after the commit", kill_at(worker.AFTER_THE_COMMIT)),
    Fault("20 workers refresh one connection", twenty),
    Fault("paused past its lease, then resumed: lease taken", paused(worker.TAKEN)),
    Fault("paused past its lease, then resumed: before the request", paused(worker.BEFORE_THE_REQUEST)),
    Fault("paused past its lease, then resumed: while listening", paused_while_listening, (ALIVE, CONSENT), WINDOW),
    Fault("paused past its lease, then resumed: answer in memory", paused(worker.ANSWERED)),
    Fault("paused past its lease, then resumed: after the file", paused(worker.AFTER_THE_FILE)),
    Fault("paused past its lease, then resumed: before the commit", paused_in_a_transaction),
    Fault("database gone between answer and commit", database_gone),
    Fault("commit sent, connection cut", connection_cut),
    Fault("restored backup, older than Exact's state", restored_backup),
    Fault("wrong key ring", wrong_key_ring),
    Fault("file volume read-only", volumes.read_only),
    Fault("file volume full", volumes.full),
    Fault("file volume full once the request has left", volumes.fills_meanwhile),
    Fault("file volume gone once the request has left", volumes.lost_meanwhile),
    Fault("consent, killed after the file", consents.killed(worker.AFTER_THE_FILE)),
    Fault("consent, killed before the files of a renewal", consents.killed(worker.BEFORE_ITS_FILES)),
    Fault("consent, file volume full", consents.without_room),
    Fault("consent, file volume gone once the code has left", consents.without_room_after_all),
    Fault("500 after Exact has rotated", answers("error_500", processed=True), (CONSENT,), WINDOW),
    Fault("500, nothing done", answers("error_500", processed=False)),
    Fault(
        "time-out after Exact has rotated", answers("slow", processed=True, seconds=DEADLINE + 1), (CONSENT,), WINDOW
    ),
    Fault("dropped after Exact has rotated", answers("lost_answer", processed=True), (CONSENT,), WINDOW),
    Fault("dropped, nothing done", answers("dropped", processed=False)),
    Fault("truncated after Exact has rotated", answers("cut_off", processed=True), (CONSENT,), WINDOW),
    Fault("JSON cut in half after Exact has rotated", answers("truncated_json", processed=True), (CONSENT,), WINDOW),
    Fault("late answer after Exact has rotated", answers("slow", processed=True, seconds=DEADLINE / 3)),
    Fault("HTML with 200 after Exact has rotated", answers("html_200", processed=True), (CONSENT,), WINDOW),
    Fault("HTML with 200, nothing done", answers("html_200", processed=False)),
    Fault("clock an hour ahead", clock_off(1)),
    Fault("clock an hour back", clock_off(-1)),
    Fault("clock an hour ahead, beside others", clock_off_beside(1)),
    Fault("clock an hour back, beside others", clock_off_beside(-1)),
    Fault("clock an hour ahead, killed after the file", clock_put_right(1)),
    Fault("clock an hour back, killed before the request", clock_back_killed),
    Fault("clock an hour ahead, an answer lost", clock_ahead_and_lost),
    Fault("app secret replaced at Exact", secret_replaced),
    Fault("several at once", walk),
)
"""Those that can happen to many connections of one database at the same time."""
ALL: Final = (*TOGETHER, COPIED, RESTORED)
