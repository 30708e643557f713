"""`manage.py sandbox`: run a region's practice Exact Online, or register an app in it."""

import json
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from integrations.exact import regions
from integrations.sandbox import registry
from integrations.sandbox.config import Config
from integrations.sandbox.registry import App, RegistrationRefusedError
from integrations.sandbox.server import serve_forever
from integrations.sandbox.store import Store

HIGHEST_PORT: Final = 65_535


class Command(BaseCommand):
    help = "Run a local stand-in of Exact Online, or register an app in it without starting it."
    # The sandbox has nothing to do with the portal's database.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--region", required=True, help="code of a region")
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, help="needed to run the server")
        parser.add_argument("--lifetime", type=int, default=600, help="of an access token, in seconds")
        parser.add_argument("--database", type=Path, help="default: sandbox-<region>.sqlite3 in var/")
        parser.add_argument("--register", metavar="NAME", help="register this app, print its keys, and stop")
        parser.add_argument("--kind", choices=registry.KINDS, default="product")
        parser.add_argument("--redirect-url", default="")
        parser.add_argument("--granted", action="store_true", help="with Exact's permission")

    def handle(self, *args: Any, **options: Any) -> None:
        config = _config(options)
        if options["register"] is not None:
            self._register(config, options)
            return
        if options["port"] is None:
            raise CommandError("--port is needed to run the sandbox", returncode=2)
        if not 1 <= options["port"] <= HIGHEST_PORT:
            raise CommandError(f"--port is a number from 1 to {HIGHEST_PORT}", returncode=2)
        self._serve(config, options["host"], options["port"])

    def _register(self, config: Config, options: dict[str, Any]) -> None:
        store = Store(config.database)
        try:
            with store.transaction() as db:
                app = registry.register_or_update(
                    db,
                    name=options["register"],
                    kind=options["kind"],
                    redirect_url=options["redirect_url"],
                    now=time.time(),
                    granted=options["granted"],
                )
        except RegistrationRefusedError as refusal:
            raise CommandError(str(refusal)) from None
        finally:
            store.close()
        self.stdout.write(json.dumps(_printed(app)))

    def _serve(self, config: Config, host: str, port: int) -> None:
        self.stdout.write(f"{config.title}, practice: http://{host}:{port}/")
        self.stdout.flush()
        try:
            serve_forever(config, host, port)
        except OSError as error:
            raise CommandError(f"Cannot listen on {host}:{port}: {error.strerror}") from None


def _config(options: dict[str, Any]) -> Config:
    try:
        region = regions.by_code(options["region"])
    except LookupError:
        raise CommandError(f"There is no region {options['region']!r}.", returncode=2) from None
    if options["lifetime"] < 1:
        raise CommandError("--lifetime is at least one second", returncode=2)
    database = options["database"] or settings.VAR_DIR / f"sandbox-{region.code}.sqlite3"
    return Config(
        region=region.code,
        title=region.title,
        database=database,
        lifetime=options["lifetime"],
        language=region.language,
    )


def _printed(app: App) -> dict[str, str]:
    """The secret too: it opens nothing but this sandbox."""
    return {
        "client_id": app.client_id,
        "client_secret": app.client_secret,
        "name": app.name,
        "kind": app.kind,
        "redirect_url": app.redirect_url,
    }
