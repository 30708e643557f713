"""The options of the commands that take an app's keys."""

import sys
from pathlib import Path

from django.core.management.base import CommandParser

from integrations.rules.keys import MAX_SECRET_LENGTH
from integrations.services.refusals import Refused


def add_key_options(parser: CommandParser) -> None:
    parser.add_argument("--client-id", help="The Client ID that Exact shows, a GUID.")
    parser.add_argument(
        "--secret-file",
        type=Path,
        help="A file with the Client secret; - reads standard input. Never an argument.",
    )


def read_secret(path: Path | None, *, longest: int = MAX_SECRET_LENGTH) -> str | None:
    """Return what the file holds.

    Raises:
        Refused: it cannot be read, or is no text of a secret's size.
    """
    if path is None:
        return None
    limit = longest * 4
    try:
        if str(path) == "-":
            return sys.stdin.buffer.read(limit).decode("utf-8-sig")
        with path.open("rb") as file:
            return file.read(limit).decode("utf-8-sig")
    except OSError as error:
        raise Refused([f"The secret file cannot be read: {error.strerror}."]) from None
    except UnicodeDecodeError:
        raise Refused(["The secret file is no text."]) from None
