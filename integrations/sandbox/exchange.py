"""One request while it is worked on: what the handlers share."""

import json
import sqlite3
from dataclasses import dataclass, field
from typing import Any

from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Request, Response

from integrations.sandbox.clock import Clock
from integrations.sandbox.config import Config
from integrations.sandbox.ledger import Entry
from integrations.sandbox.people import User
from integrations.sandbox.registry import App


@dataclass
class Exchange:
    """`now` is read once, so that every decision about a request is made at one moment.

    `limit_headers` are those that the answer to a division's URL carries.
    """

    request: Request
    db: sqlite3.Connection
    config: Config
    clock: Clock
    now: float
    entry: Entry
    app: App | None = None
    limit_headers: list[tuple[str, str]] = field(default_factory=list)

    @property
    def wants_json(self) -> bool:
        """Machines send JSON or ask for it; browsers ask for HTML first."""
        if self.request.mimetype == "application/json":
            return True
        accepted = self.request.accept_mimetypes
        return accepted["application/json"] > accepted["text/html"]

    def known_app(self, app: App) -> None:
        self.app = app
        self.entry.client_id, self.entry.app = app.client_id, app.name

    def known_user(self, user: User) -> None:
        self.entry.user_id, self.entry.user = user.id, user.full_name


def json_response(payload: object, status: int = 200) -> Response:
    return Response(json.dumps(payload), status, mimetype="application/json")


class Fields:
    """What a form or a JSON object of the sandbox's own pages carries. Every reader may raise BadRequest."""

    def __init__(self, request: Request) -> None:
        self._values: dict[str, Any] = {}
        if request.mimetype == "application/json":
            values = request.get_json()
            if not isinstance(values, dict):
                raise BadRequest("Send a JSON object.")
            self._values = values
        else:
            self._values = {name: found[0] if len(found) == 1 else found for name, found in request.form.lists()}

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def is_blank(self, name: str) -> bool:
        value = self._values.get(name)
        return value is None or value == ""

    def text(self, name: str, default: str = "") -> str:
        value = self._values.get(name)
        if value is None:
            return default
        if not isinstance(value, str):
            raise BadRequest(f"“{name}” is one text.")
        return value.strip()

    def number(self, name: str, default: float) -> float:
        if self.is_blank(name):
            return default
        try:
            number = float(self._values[name])
        except (TypeError, ValueError):
            raise BadRequest(f"“{name}” is a number.") from None
        if not abs(number) < 1e12:
            raise BadRequest(f"“{name}” is a number of a usual size.")
        return number

    def whole(self, name: str, default: int) -> int:
        number = float(self.number(name, default))
        if not number.is_integer():
            raise BadRequest(f"“{name}” is a whole number.")
        return int(number)

    def flag(self, name: str, *, default: bool) -> bool:
        """A JSON boolean, or a ticked box; forms send a hidden empty value for an empty box."""
        value = self._values.get(name)
        if value is None:
            return default
        if isinstance(value, list):
            value = value[-1]
        return value not in (False, 0, "", "0", "off", "false", "no")

    def numbers(self, name: str) -> list[int]:
        value = self._values.get(name, [])
        found = [str(one) for one in (value if isinstance(value, list) else [value]) if one != ""]
        if not all(one.isascii() and one.isdigit() and len(one) <= 12 for one in found):
            raise BadRequest(f"“{name}” are whole numbers.")
        return [int(one) for one in found]

    def mapping(self, name: str) -> dict[str, Any]:
        value = self._values.get(name, {})
        if not isinstance(value, dict):
            raise BadRequest(f"“{name}” is a JSON object.")
        return value
