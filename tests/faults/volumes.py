"""Faults of the volume that holds the files of tokens: full, read-only, gone."""

import shutil
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Final

from tests.faults import worker
from tests.faults.stage import Case, NotHere

VOLUME_BYTES: Final = 512 * 1024


def read_only(case: Case) -> None:
    volume = small(case)
    _mount("-o", "remount,ro", volume)
    said = case.ask()
    assert "error" in said, said
    assert case.requests() == [], "Exact was asked although the answer could not be kept"
    _mount("-o", "remount,rw", volume)


def full(case: Case) -> None:
    volume = small(case)
    fill(volume)
    said = case.ask()
    assert "error" in said, said
    assert case.requests() == [], "Exact was asked although the answer could not be kept"
    (volume / "filling").unlink()


def fills_meanwhile(case: Case) -> None:
    """There was room when the request left."""
    volume = small(case)
    holder = case.stopped_at(worker.BEFORE_THE_REQUEST)
    fill(volume)
    holder.go_on()
    holder.answer()
    (volume / "filling").unlink()


def lost_meanwhile(case: Case) -> None:
    """It could be written to when the request left, and not when the answer came."""
    volume = own(case)
    holder = case.stopped_at(worker.BEFORE_THE_REQUEST)
    shutil.move(volume, volume.with_name("elsewhere"))
    holder.go_on()
    holder.answer()
    volume.mkdir()


def own(case: Case) -> Path:
    """Let the files of this case have a folder of their own."""
    volume = case.folder / "tokens"
    volume.mkdir()
    case.settings["TOKEN_JOURNAL_DIR"] = volume
    return volume


def small(case: Case) -> Path:
    """The same, on a small file system; where nobody may mount one, the fault cannot be made."""
    volume = own(case)
    try:
        _mount("-t", "tmpfs", "-o", f"size={VOLUME_BYTES}", "tmpfs", volume)
    except (OSError, subprocess.CalledProcessError):
        raise NotHere("Only root may mount a small volume.") from None
    case.stack.callback(subprocess.run, ["umount", "-l", str(volume)], check=False)
    return volume


def _mount(*words: object) -> None:
    subprocess.run(["mount", *map(str, words)], check=True, capture_output=True)


def fill(volume: Path) -> None:
    with suppress(OSError), (volume / "filling").open("wb", buffering=0) as file:
        while True:
            file.write(bytes(1024))
