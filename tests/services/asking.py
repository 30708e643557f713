"""Other processes that ask for a connection's token. Run as ``python -m tests.services.asking``.

asking ID COUNT      fork COUNT processes that ask at the same moment; a JSON line for each
asking ID --die WHERE    ask, and end without a word before the request leaves (``asked``) or once the
                         answer is there (``answered``)
"""

import hashlib
import json
import os
import sys
import time
from typing import Any, NoReturn

import django

django.setup()

from integrations.exact import oauth  # noqa: E402
from integrations.models import Connection  # noqa: E402
from integrations.services import token_store, tokens  # noqa: E402


def mark(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()[:16]


def ask(connection_id: str) -> dict[str, Any]:
    try:
        token = tokens.access_token(Connection.objects.select_related("application").get(pk=connection_id))
    except tokens.TokenUnavailable as error:
        return {"error": type(error).__name__}
    return {"token": mark(token)}


def child(connection_id: str, start: float) -> NoReturn:
    time.sleep(max(0.0, start - time.time()))
    os.write(1, (json.dumps(ask(connection_id)) + "\n").encode())
    os._exit(0)


def together(connection_id: str, count: int) -> None:
    start = time.time() + 0.5
    children = []
    for _ in range(count):
        pid = os.fork()
        if pid == 0:
            child(connection_id, start)
        children.append(pid)
    for pid in children:
        os.waitpid(pid, 0)


def die(connection_id: str, where: str) -> None:
    module, name = {"asked": (oauth, "refresh"), "answered": (token_store, "save")}[where]
    setattr(module, name, lambda *_, **__: os._exit(9))
    ask(connection_id)


if __name__ == "__main__":
    if sys.argv[2] == "--die":
        die(sys.argv[1], sys.argv[3])
    else:
        together(sys.argv[1], int(sys.argv[2]))
