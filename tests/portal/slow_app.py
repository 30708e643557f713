"""The portal's Celery app with one more task, which runs until it is allowed to end."""

import time
from pathlib import Path

from portal.celery import app


@app.task(name="tests.hold")
def hold(folder: str) -> None:
    (Path(folder) / "started").touch()
    while not (Path(folder) / "enough").exists():
        time.sleep(0.05)
