"""What became of the connections: held against what each fault may lead to, and printed as a table."""

import random
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from django.db import connection as database

from tests.faults.plays import ALL, TOGETHER, WINDOW, Fault
from tests.faults.stage import ALIVE, CONSENT, LOST, Case, Ending, NotHere, Stage
from tests.faults.times import EARLIEST, LEASE, VERIFYING_WITHIN
from tests.sandbox.client import FLORIST

AT_ONCE: Final = 8
"""Cases mostly wait, so that many of them wait together."""
SLACK: Final = 0.3
REFUSED_WITHIN: Final = 0.03
"""Seconds in which Exact refuses: two requests that are closer were on their way at the same time."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one turn of a fault ended. ``wrong``: what the protocol promised and did not keep."""

    fault: Fault
    seed: int
    vendor: str
    ending: Ending | None
    wrong: tuple[str, ...] = ()
    not_here: str = ""

    def __str__(self) -> str:
        return f"{self.fault.name} (seed {self.seed}, {self.vendor}): {'; '.join(self.wrong)}"


def turn(stage: Stage, seed: int, faults: Iterable[Fault] = TOGETHER) -> list[Outcome]:
    """Make every fault happen once, many at the same time; each to a connection of its own."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda fault: _happen(stage, fault, seed), faults))


def _happen(stage: Stage, fault: Fault, seed: int) -> Outcome:
    try:
        with ExitStack() as stack:
            case = stage.case(fault.name, random.Random(f"{fault.name} {seed}"), stack)
            return judged(case, fault, seed, case.stored(case.witness))
    finally:
        database.close()


def judged(case: Case, fault: Fault, seed: int, witness: dict[str, Any]) -> Outcome:
    """Let the fault happen and see how it ends; ``witness``: what the row of the other connection held before."""
    ending, wrong = None, []
    try:
        fault.play(case)
        ending = case.settle()
        wrong += [*_ending(fault, case, ending), *_ledger(case.requests()), *_witness(case, witness)]
    except NotHere as reason:
        return Outcome(fault, seed, database.vendor, None, not_here=str(reason))
    except Exception as error:  # noqa: BLE001 (one case must not end the others)
        wrong.append(f"{type(error).__name__}: {error}")
    if wrong:
        wrong.append(f"steps: {', '.join(case.steps)}; Exact saw: {_seen(case.requests())}")
    return Outcome(fault, seed, database.vendor, ending, tuple(wrong))


# --- What was promised ----------------------------------------------------------------------------------------


def _ending(fault: Fault, case: Case, ending: Ending) -> list[str]:
    wrong = []
    if ending.fate not in fault.ends:
        wrong.append(f"{ending.fate} ({ending.reason}) instead of {' or '.join(fault.ends)}")
    if ending.fate == CONSENT and (ending.verifying_after is None or ending.verifying_after > VERIFYING_WITHIN):
        wrong.append(f"was not being verified within {VERIFYING_WITHIN} s: {ending.verifying_after}")
    if ending.fate == ALIVE and case.row().status != "connected":
        wrong.append(f"alive, and its row says {case.row().status}")
    return wrong


def _ledger(requests: list[dict[str, Any]]) -> list[str]:
    """No spent token is sent again but by one probe, and no request while another may still be served."""
    wrong, spent, replays = [], {}, 0
    for entry in requests:
        at = entry["received_at_ms"] / 1000
        if entry["token"] in spent:
            replays += 1
            if at < spent[entry["token"]] + EARLIEST - SLACK:
                wrong.append(f"a spent token was sent {at - spent[entry['token']]:.1f} s later, before it can tell")
        if entry["processed"] and entry["error"] is None:
            spent.setdefault(entry["token"], at)
    if replays > 1:
        wrong.append(f"spent tokens were sent {replays} times")
    for earlier, later in pairwise(requests):
        apart = (later["received_at_ms"] - earlier["received_at_ms"]) / 1000
        # Whoever sends the next token had the answer; whoever sends the same one again did not, or was refused.
        over = REFUSED_WITHIN if earlier["error"] and not earlier["fault"] else LEASE - SLACK
        if earlier["token"] == later["token"] and apart < over:
            wrong.append(f"two requests at once, {apart:.1f} s apart")
    return wrong


def _witness(case: Case, before: dict[str, Any]) -> list[str]:
    """The other connection is as it was, and alive."""
    wrong = []
    after = case.stored(case.witness)
    changed = sorted(name for name in before if before[name] != after[name] and name not in case.may_change)
    if changed:
        wrong.append(f"of another connection's row was changed: {', '.join(changed)}")
    if case.requests(FLORIST):
        wrong.append("another connection's token was asked for")
    case.due(case.witness)
    said = case.worker(of=case.witness).answer()
    if "token" not in said or not case.serves(said["token"], case.witness):
        wrong.append(f"another connection is not alive: {said}")
    return wrong


def _seen(requests: list[dict[str, Any]]) -> str:
    first = requests[0]["received_at_ms"] if requests else 0
    return ", ".join(
        f"{(entry['received_at_ms'] - first) / 1000:.1f} s {entry['token']} {entry['status']} {entry['error'] or ''}"
        f"{entry['fault'] or ''}{'' if entry['processed'] else ' not processed'}"
        for entry in requests
    )


# --- The table --------------------------------------------------------------------------------------------------


def table(outcomes: list[Outcome]) -> list[str]:
    """Return its lines: each fault on each database, and how often what happened."""
    rows = [("fault", "database", "runs", "alive", "needs consent", "silent losses", "wrong")]
    notes = []
    for fault in ALL:
        for vendor in sorted({each.vendor for each in outcomes}):
            turns = [each for each in outcomes if each.fault is fault and each.vendor == vendor]
            played = [each for each in turns if not each.not_here]
            why_not = {each.not_here for each in turns if each.not_here}
            notes += [f"{fault.name}, {vendor}: not applicable. {reason}" for reason in sorted(why_not)]
            if played:
                fates = [each.ending.fate for each in played if each.ending]
                counts = [fates.count(fate) for fate in (ALIVE, CONSENT, LOST)]
                broken = sum(bool(each.wrong) for each in played)
                name = f"{fault.name} *" if fault.note else fault.name
                rows.append((name, vendor, *map(str, [len(played), *counts, broken])))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    lost = sum(int(row[5]) for row in rows[1:])
    return [*lines, f"* {WINDOW}", *notes, f"silent losses = {lost}"]
