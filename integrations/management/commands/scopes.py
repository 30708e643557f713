"""``manage.py scopes``: what a grid of scopes lets an app read and write, by the table of Exact's endpoints."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from typing import Any, Final
from uuid import UUID

from django.core.management.base import CommandError, CommandParser

from integrations.exact.endpoints import ENDPOINTS, Endpoint
from integrations.management.base import PortalCommand
from integrations.models import Application
from integrations.rules.editions import EDITIONS, Comparison, Difference, Edition, UnknownEdition, compare, named
from integrations.rules.reach import Endpoints, Need, answering, reach, reached, search, simulate
from integrations.rules.scope_grids import EVERYTHING, Grid
from integrations.rules.scope_traps import traps
from integrations.services import scope_approvals, scope_use
from integrations.services import scopes as services

WHICH: Final = ("selected", "submitted", "approved")


class Command(PortalCommand):
    help = (
        "Print scopes with their levels, the endpoints of Exact that these let an app read and write, and the traps: "
        "what they do not do although it looks as if. Without an option: all that the form can allow, and the table of "
        "endpoints itself. With an app and a list: also where the app has less or more than recommended, and what "
        "would open and close if the scopes of the list took the place of the app's."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--app",
            type=UUID,
            help="The scopes of this app, and which of them no call of the last 30 days needed, as far as calls were "
            "counted here. A testing app is not limited by scopes.",
        )
        parser.add_argument(
            "--which",
            choices=WHICH,
            help="Of the app: what we want (selected), what was on the form that was sent last (submitted), or what "
            "Exact has granted (approved). Where nothing is said: selected, or approved where nobody selected "
            "anything.",
        )
        parser.add_argument(
            "--edition",
            metavar="NAME",
            help=f"A recommended list: {', '.join(edition.name for edition in EDITIONS)}.",
        )
        parser.add_argument(
            "--endpoint",
            metavar="TEXT",
            help="Instead, a line for each endpoint with this text in its name, which may be the whole address of a "
            "call: what each of its methods needs, and whether the scopes of the app or of the list reach it.",
        )

    def handle(
        self,
        *args: Any,
        app: UUID | None,
        edition: str | None,
        endpoint: str | None,
        which: str | None = None,
        **options: Any,
    ) -> None:
        if which is not None and app is None:
            raise CommandError("--which goes with --app.", returncode=2)
        if app is not None and edition is not None and endpoint is not None:
            raise CommandError("--endpoint goes with --app or with --edition, not with both.", returncode=2)
        application = None if app is None else self._application(app)
        which = None if application is None else which or _which(application)
        given = (("app", app), ("which", which), ("edition", edition))
        whose = {name: value for name, value in given if value is not None}
        recommended = None if edition is None else self._recommended(edition)
        scopes = None if recommended is None else recommended.scopes
        if application is not None and which is not None:
            scopes = _of(application, which)
        if endpoint is not None:
            self._find(endpoint, whose, scopes)
        elif scopes is None:
            self._print({}, EVERYTHING, table=True)
        else:
            beside = None if application is None else recommended
            self._print(whose, scopes, beside=beside, application=application)

    def _application(self, app: UUID) -> Application:
        application = Application.objects.filter(pk=app).first()
        if application is None:
            self.refuse(f"There is no app {app}.")
        return application

    def _recommended(self, name: str) -> Edition:
        try:
            return named(name)
        except UnknownEdition as error:
            self.refuse(str(error))

    def _find(self, typed: str, whose: dict[str, Any], scopes: Grid | None) -> None:
        needs = search(typed)
        if not needs:
            self.refuse("No endpoint with this text in its name is known.")
        if self.as_text and whose:
            self.line(**whose)
        for need in needs:
            if self.as_text:
                self._need_in_words(need, scopes)
            else:
                self.line(**whose, **_needed(need), **({} if scopes is None else _reached(scopes, need.endpoint)))

    def _need_in_words(self, need: Need, scopes: Grid | None) -> None:
        self.stdout.write(_told(need.endpoint))
        self.stdout.write(f"  {need.sentence}")
        if scopes is not None:
            self.stdout.write(f"  {_reached_in_words(scopes, need.endpoint)}")

    def _print(
        self,
        whose: dict[str, Any],
        scopes: Grid,
        *,
        beside: Edition | None = None,
        application: Application | None = None,
        table: bool = False,
    ) -> None:
        lists = _opened(scopes)
        used = _used(application, scopes) if application else {}
        compared = None
        if beside is not None:
            lists |= _changes(scopes, beside.scopes)
            compared = compare(scopes, beside)
        if self.as_text:
            self._in_words(whose, scopes, lists, compared, used, table=table)
            return
        addresses = {name: [endpoint.uri for endpoint in endpoints] for name, endpoints in lists.items()}
        told = [{"code": trap.code, "text": trap.text} for trap in traps(scopes)]
        rows = {"endpoints": [_row(endpoint) for endpoint in ENDPOINTS]} if table else {}
        self.line(
            **whose, scopes=scopes, **addresses, traps=told, **used, **(asdict(compared) if compared else {}), **rows
        )

    def _in_words(
        self,
        whose: dict[str, Any],
        scopes: Grid,
        lists: dict[str, Endpoints],
        compared: Comparison | None,
        used: dict[str, Sequence[str]],
        *,
        table: bool,
    ) -> None:
        if whose:
            self.line(**whose)
        self._list("scopes", [f"{scope}: {level}" for scope, level in scopes.items()])
        self._list("traps", [f"{trap.code}: {trap.text}" for trap in traps(scopes)])
        if compared:
            self._list("missing", map(_difference, compared.missing))
            self._list("beyond", map(_difference, compared.beyond))
            self._list("equal", compared.equal)
        for name, lines in used.items():
            self._list(name, lines)
        if table:
            lists = {"endpoints": ENDPOINTS}
        for name, endpoints in lists.items():
            self._list(name, map(_told, endpoints))

    def _list(self, name: str, lines: Iterable[str]) -> None:
        lines = list(lines)
        self.line(**{name: len(lines)})
        for line in lines:
            self.stdout.write(f"  {line}")


def _of(application: Application, which: str) -> Grid:
    if which == "submitted":
        return services.submitted(application) or {}
    return scope_approvals.approved(application) if which == "approved" else services.selected(application)


def _used(application: Application, scopes: Grid) -> dict[str, Sequence[str]]:
    """Return what the calls of the last 30 days tell: scopes, and endpoints that were called."""
    use = scope_use.unused(application, scopes)
    return {
        "unused": use.unused,
        "untold": use.untold,
        "in_use": [endpoint.uri for endpoint in scope_use.in_use(application, ENDPOINTS)],
        "not_in_table": use.not_in_table,
    }


def _which(application: Application) -> str:
    """Return what is printed where nothing is said: an app of which nobody selected anything has what was approved."""
    approved_only = not services.selected(application) and scope_approvals.approved(application)
    return "approved" if approved_only else "selected"


def _opened(scopes: Grid) -> dict[str, Endpoints]:
    opened = reach(scopes)
    return {
        "readable": opened.readable,
        "writable": opened.writable,
        "read_only": opened.read_only,
        "no_scope": opened.no_scope,
        "methods_unknown": opened.methods_unknown,
    }


def _changes(before: Grid, after: Grid) -> dict[str, Endpoints]:
    change = simulate(before, after)
    return {field.name: getattr(change, field.name) for field in fields(change)}


def _difference(one: Difference) -> str:
    return f"{one.scope}: {one.has}, recommended {one.recommended}"


def _row(endpoint: Endpoint) -> dict[str, Any]:
    return {"uri": endpoint.uri, "methods": endpoint.methods or None, "scopes": endpoint.scopes}


def _told(endpoint: Endpoint) -> str:
    methods = ", ".join(endpoint.methods) or "methods not known"
    return f"{endpoint.uri}  ({methods}; {' or '.join(endpoint.scopes) or 'no scope'})"


def _needed(need: Need) -> dict[str, Any]:
    """Return the row of the endpoint, and for each of its methods the cells of which one is enough."""
    methods = {method: [asdict(cell) for cell in need.cells(method)] for method in need.endpoint.methods}
    return {**_row(need.endpoint), "needs": methods or None, "sentence": need.sentence}


def _reached(scopes: Grid, endpoint: Endpoint) -> dict[str, Any]:
    """Say whether the scopes reach it, and by which methods; None for what nobody knows."""
    methods = answering(scopes, endpoint)
    is_reached = reached(scopes, endpoint)
    known = endpoint.methods or is_reached is False
    return {"reached": is_reached, "answering": methods if known else None}


def _reached_in_words(scopes: Grid, endpoint: Endpoint) -> str:
    match reached(scopes, endpoint):
        case True:
            methods = ", ".join(answering(scopes, endpoint))
            return f"Reached: {methods}." if methods else "Reached."
        case False:
            return "Not reached: whatever is asked of it answers 403."
        case None:
            return "Nobody knows whether it is reached: these scopes let the app read only."
