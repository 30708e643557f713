"""A portal and a practice Exact side by side: staff connect as in a browser, over real HTTP.

The one place where tests of the portal make a practice Exact; ``tests.services.practice`` adds a linked connection.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.test import Client

from integrations.models import Application, Connection, Kind
from integrations.rules.actors import PORTAL
from integrations.sandbox.server import Running, running
from integrations.services import applications, links, secrets
from tests.permission import granted
from tests.sandbox.client import ACCOUNTANT
from tests.sandbox.client import Client as Consenting


@dataclass
class Practice:
    """One region's practice Exact with an app of ours in it."""

    sandbox: Running
    application: Application
    exact: Consenting
    """The app as it is registered there, and a browser of Exact's users."""

    def begin(self, client: Client, **link: Any) -> str:
        """Open a link page, press *Continue to Exact*, and return the address it leads to."""
        made = links.make(self.application, by=PORTAL, **link)
        response = client.post(made.path)
        assert response.status_code == 302, response.content.decode()
        return response.url

    def consent(self, address: str, user: str = ACCOUNTANT, decision: str = "allow") -> str:
        """Sign in at Exact and decide; return the path and query of the callback."""
        parameters = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        page = self.exact.get(f"/api/oauth2/auth?{urlsplit(address).query}")
        assert page.status_code == 200, (address, page.text)
        (action,) = re.findall(r'action="(/consent/[^"]+/login)"', page.text)
        user_id = re.search(rf'value="([0-9a-f-]{{36}})">\s*{user}\b', page.text)[1]
        answer = self.exact.post(action, data={"user": user_id})
        page = self.exact.get(answer.headers["Location"])
        answer = self.exact.decide(page, decision)
        location = urlsplit(answer.headers["Location"])
        assert parse_qs(location.query)["state"] == [parameters["state"]]
        return f"{location.path}?{location.query}"

    def connect(self, client: Client, user: str = ACCOUNTANT, **link: Any) -> Connection:
        """Walk the whole way; return the connection."""
        response = client.get(self.consent(self.begin(client, **link), user))
        assert response.status_code == 302, response.content.decode()
        return Connection.objects.latest("consented_at")


@contextmanager
def practising(folder: Path, settings: Any, *, region: str = "nl", lifetime: int = 600) -> Iterator[Practice]:
    """Run a practice Exact with one granted product app, which is stored and enabled in the portal."""
    database = folder / f"sandbox-{region}.sqlite3"
    with running(database=database, region=region, title="Exact", lifetime=lifetime) as sandbox:
        settings.EXACT_ORIGINS = {**settings.EXACT_ORIGINS, region: sandbox.url}
        application = Application(region=region, kind=Kind.PRODUCT, name="Meridian Bookings")
        application.redirect_uri = f"http://127.0.0.1:8000/oauth/callback/{application.pk}/"
        exact = Consenting(sandbox, name=application.name, redirect_url=application.redirect_uri)
        application.client_id = exact.app.client_id
        applications.add(application, by=PORTAL)
        secrets.set(application, exact.app.client_secret, by=PORTAL)
        granted(application)
        applications.enable(application, by=PORTAL)
        try:
            yield Practice(sandbox, application, exact)
        finally:
            exact.http.close()
