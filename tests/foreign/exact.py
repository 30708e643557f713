"""A second Exact Online, which shares no line with the practice one: written from what Exact publishes.

What the portal does is held against two readings of the same pages. This one is strict where Exact is (each breach
stands in `complaints`), and differs from the practice Exact wherever Exact may: see `Ways`.
"""

import gzip
import html
import json
import secrets
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

DAY = 86_400
CODE_SECONDS = 180


@dataclass(frozen=True)
class Ways:
    """What an Exact may do otherwise than the practice one, and still be as published."""

    token_type: str = "bearer"
    expires_in: object = "600"
    lists: Callable[[list[dict], str | None], object] = lambda rows, after: {
        "results": rows,
        **({"__next": after} if after else {}),
    }
    me: Callable[[dict], object] = lambda row: {"results": [row]}
    minutely: int = 60
    daily: int = 5_000
    page: int = 60
    reads_administration: bool = True
    header: Callable[[str], str] = str
    packed: bool = False
    """Chunks, gzip and a byte order mark."""

    @property
    def lifetime(self) -> int:
        return int(str(self.expires_in))


AS_WRITTEN = Ways()
AS_SEEN = Ways(
    token_type="Bearer",
    expires_in="5",
    lists=lambda rows, after: {"results": rows, "__next": after} if after else rows,
    me=lambda row: [row],
    minutely=100,
    daily=9_000,
    page=2,
    header=str.lower,
    packed=True,
)
WITHOUT_SCOPE = Ways(token_type="BEARER", expires_in=600, me=lambda row: row, reads_administration=False)


@dataclass
class App:
    """A registration."""

    name: str
    redirect_uri: str
    client_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(12))


@dataclass
class Chain:
    """What a consent started: one living refresh token, one access token, one request in 95 % of its lifetime."""

    app: App
    refresh: str = ""
    access: str = ""
    issued_at: float = 0.0
    ended: bool = False
    rotations: int = 0


class Refusal(Exception):
    def __init__(self, status: int, body: object, **headers: str) -> None:
        super().__init__(status)
        self.status, self.body, self.headers = status, body, headers


def said(status: int, text: str) -> Refusal:
    """The API's error block."""
    return Refusal(status, {"error": {"code": "", "message": {"lang": "nl-NL", "value": text}}}, Reason=text)


class Exact:
    """One country's installation with one user, who has five companies."""

    USER = "3f0c8c33-7d0b-4c62-a0f5-2f4f9c5f7a10"
    COMPANIES = {
        1234567: "Bakkerij De Korenaar B.V.",
        1234568: "Stichting 't Hoekje",
        2345678: "Müller & Zoon — Groothandel",
        3456789: "<b>Vet</b> Beheer",
        4567890: "Ō Ramen Ltd",
    }
    HOME = 1234567

    def __init__(self, ways: Ways = AS_WRITTEN) -> None:
        self.ways = ways
        self.lock = threading.Lock()
        self.apps: dict[str, App] = {}
        self.tickets: dict[str, tuple[App, str]] = {}
        self.codes: dict[str, tuple[App, float]] = {}
        self.chains: list[Chain] = []
        self.counted: Counter[int] = Counter()
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.url = ""

    def register(self, name: str, redirect_uri: str) -> App:
        app = App(name, redirect_uri)
        self.apps[app.client_id] = app
        return app

    def adopt(self, app: App) -> None:
        """Register an app whose keys are known already."""
        self.apps[app.client_id] = app

    @property
    def alive(self) -> Chain:
        (chain,) = [chain for chain in self.chains if not chain.ended]
        return chain

    # --- Consent ----------------------------------------------------------------------------------------------

    def ask(self, query: list[tuple[str, str]]) -> str:
        """The page on which the user allows an app."""
        given = dict(query)
        if len(given) != len(query) or set(given) - {
            "client_id", "redirect_uri", "response_type", "state", "force_login",
        }:  # fmt: skip
            self.complaints.append(f"authorize: {sorted(name for name, _ in query)}")
        app = self.apps.get(given.get("client_id", ""))
        if app is None:
            raise Refusal(400, f"Client with identifier '{given.get('client_id')}' not found")
        if given.get("redirect_uri") != app.redirect_uri or given.get("response_type") != "code":
            raise Refusal(400, "redirect_uri or response_type")
        if given.get("force_login") != "1":
            self.complaints.append("authorize: the login is not forced")
        if len(given.get("state", "")) < 16:
            self.complaints.append("authorize: no state")
        ticket = secrets.token_hex(8)
        self.tickets[ticket] = (app, given["state"])
        return (
            f"<!doctype html><html lang=nl><title>Toestemming</title><h1>{html.escape(app.name)}</h1>"
            f'<form method="post" action="/oauth/consent"><input type="hidden" name="ticket" value="{ticket}">'
            '<button name="answer" value="yes">Toestaan</button>'
            '<button name="answer" value="no">Weigeren</button></form>'
        )

    def consent(self, form: dict[str, str]) -> str:
        """Where the browser is sent to."""
        app, state = self.tickets.pop(form["ticket"])
        if form["answer"] != "yes":
            back = {"error": "access_denied", "error_description": "De gebruiker weigert.", "state": state}
            return f"{app.redirect_uri}?{urlencode(back)}"
        code = f"stampNL001.{secrets.token_urlsafe(20)}!IAAAA+{secrets.token_urlsafe(40)}/=="
        self.codes[code] = (app, time.time())
        return f"{app.redirect_uri}?code={quote(code, safe='')}&state={quote(state, safe='')}"

    # --- Tokens -----------------------------------------------------------------------------------------------

    def token(self, form: dict[str, str], headers: dict[str, str]) -> dict[str, object]:
        if "authorization" in headers or "cookie" in headers:
            self.complaints.append("token: a header that does not belong there")
        if headers.get("content-type", "").partition(";")[0] != "application/x-www-form-urlencoded":
            self.complaints.append("token: no form")
        if "scope" in form:
            self.complaints.append("token: scopes belong to the registration")
        app = self.apps.get(form.get("client_id", ""))
        if app is None or form.get("client_secret") != app.secret:
            raise Refusal(400, {"error": "invalid_client"})
        if form.get("grant_type") == "authorization_code":
            return self._exchange(app, form)
        if form.get("grant_type") == "refresh_token":
            return self._refresh(app, form.get("refresh_token", ""))
        raise Refusal(400, {"error": "unsupported_grant_type"})

    def _exchange(self, app: App, form: dict[str, str]) -> dict[str, object]:
        owner, made = self.codes.pop(form.get("code", ""), (None, 0.0))
        if owner is not app or time.time() - made > CODE_SECONDS or form.get("redirect_uri") != app.redirect_uri:
            self.complaints.append("token: a code that is none")
            raise Refusal(400, "Bad Request")
        for chain in self.chains:
            chain.ended = chain.ended or chain.app is app
        self.chains.append(Chain(app))
        return self._issue(self.chains[-1])

    def _refresh(self, app: App, given: str) -> dict[str, object]:
        chain = next((chain for chain in self.chains if chain.app is app and chain.refresh == given), None)
        if chain is None:
            self.complaints.append("token: a refresh token that is spent")
            raise Refusal(401, {"error": "unauthorized_client", "error_description": "Old refresh token used."})
        if chain.ended:
            text = "Token is not allowed, because of invalid or empty chainId"
            raise Refusal(400, {"error": "invalid_grant", "error_description": text})
        if time.time() < chain.issued_at + self.ways.lifetime * 0.95:
            self.complaints.append("token: too early")
            text = "Rate limit exceeded: access_token not expired"
            raise Refusal(
                400, {"error": "access_denied", "error_description": text}, Reason="TooEarlyToRefreshTokensForApp"
            )
        chain.rotations += 1
        return self._issue(chain)

    def _issue(self, chain: Chain) -> dict[str, object]:
        chain.refresh, chain.access = f"stampNL001.gAAA!{secrets.token_urlsafe(90)}", secrets.token_urlsafe(200)
        chain.issued_at = time.time()
        return {
            "access_token": chain.access,
            "token_type": self.ways.token_type,
            "expires_in": self.ways.expires_in,
            "refresh_token": chain.refresh,
            "scope": "",
        }

    # --- The API ----------------------------------------------------------------------------------------------

    def api(self, target: str, headers: dict[str, str]) -> tuple[object, dict[str, str]]:
        """The document and the headers of its limits."""
        self._authenticate(headers)
        if "application/json" not in headers.get("accept", ""):
            self.complaints.append("api: Atom was asked for")
        parts = urlsplit(target)
        words = parts.path.removeprefix("/api/v1/").split("/")
        if words == ["current", "Me"]:
            return {"d": self.ways.me(self._me())}, {}
        division = int(words[0])
        limits = self._count(division)
        if division not in self.COMPANIES:
            raise said(403, "Forbidden - User division is not within division scope.")
        if words[1:] == ["system", "Divisions"] and not self.ways.reads_administration:
            raise said(
                403,
                "Forbidden - Application Scope Violated. Cannot read 'organization.administration' scope.",
            )
        if words[1:] not in (["system", "Divisions"], ["hrm", "Divisions"]):
            raise said(404, "Resource not found for the segment")
        skip = int(dict(parse_qsl(parts.query)).get("$skiptoken", "0L").removesuffix("L"))
        rows = [self._division(code) for code in sorted(self.COMPANIES)]
        page = rows[skip : skip + self.ways.page]
        more = skip + self.ways.page < len(rows)
        after = f"{self.url}{parts.path}?$skiptoken={skip + self.ways.page}L" if more else None
        return {"d": self.ways.lists(page, after)}, limits

    def _authenticate(self, headers: dict[str, str]) -> None:
        kind, _, token = headers.get("authorization", "").partition(" ")
        chains = [chain for chain in self.chains if chain.access == token and not chain.ended]
        if kind != "Bearer" or not chains or time.time() > chains[0].issued_at + self.ways.lifetime:
            raise Refusal(401, "Authentication Required")

    def _count(self, division: int) -> dict[str, str]:
        self.counted[division] += 1
        now = time.time()
        used, of = self.counted[division], self.ways
        values = {
            "X-RateLimit-Limit": of.daily,
            "X-RateLimit-Remaining": of.daily - used,
            "X-RateLimit-Reset": int((now // DAY + 1) * DAY * 1000),
            "X-RateLimit-Minutely-Limit": of.minutely,
            "X-RateLimit-Minutely-Remaining": max(0, of.minutely - used),
            "X-RateLimit-Minutely-Reset": int((now // 60 + 1) * 60_000),
        }
        return {of.header(name): str(value) for name, value in values.items()}

    def _me(self) -> dict[str, object]:
        return {
            "__metadata": {
                "uri": f"{self.url}/api/v1/current/Me(guid'{self.USER}')",
                "type": "Exact.Web.Api.System.Me",
            },
            "UserID": self.USER,
            "UserName": "j.de.vries",
            "FullName": "Joke de Vries-O’Brien",
            "Email": "joke@korenaar.example",
            "CurrentDivision": self.HOME,
            "AccountingDivision": None,
            "DivisionCustomer": None,
            "DivisionCustomerName": "Bakkerij De Korenaar B.V.",
            "ServerTime": f"/Date({int(time.time() * 1000)})/",
            "ServerUtcOffset": 7200,
            "ThumbnailPicture": None,
            "NewerField": {"nested": [1, 2.5, None]},
        }

    def _division(self, code: int) -> dict[str, object]:
        return {
            "__metadata": {"uri": f"{self.url}/api/v1/{self.HOME}/system/Divisions({code})"},
            "Code": code,
            "HID": str(code),
            "Description": self.COMPANIES[code],
            "CustomerName": None,
            "Status": 1,
            "BlockingStatus": 0,
            "Country": "NL ",
            "Currency": "EUR",
            "IsMainDivision": code == self.HOME,
            "Created": "/Date(1262304000000)/",
            "ArchiveDate": None,
        }


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    exact: Exact

    def do_GET(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        self._serve(self.rfile.read(int(self.headers.get("Content-Length", "0"))))

    def _serve(self, body: bytes) -> None:
        self.exact.requests.append(f"{self.command} {urlsplit(self.path).path}")
        try:
            with self.exact.lock:
                self._route(dict(parse_qsl(body.decode(), keep_blank_values=True)))
        except Refusal as refusal:
            self._answer(refusal.status, refusal.body, **refusal.headers)

    def _route(self, form: dict[str, str]) -> None:
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        match self.command, parts.path:
            case "GET", "/api/oauth2/auth":
                self._answer(200, self.exact.ask(parse_qsl(parts.query, keep_blank_values=True)))
            case "POST", "/oauth/consent":
                self._answer(302, "", Location=self.exact.consent(form))
            case "POST", "/api/oauth2/token":
                self._answer(200, self.exact.token(form, headers))
            case "GET", path if path.startswith("/api/v1/"):
                document, limits = self.exact.api(self.path, headers)
                self._answer(200, document, **limits)
            case "GET", "/favicon.ico":
                self._answer(200, "")
            case _:
                raise Refusal(404, "Not Found")

    def _answer(self, status: int, body: object, **headers: str) -> None:
        document = not isinstance(body, str)
        content = json.dumps(body).encode() if document else body.encode()
        kind = "application/json; charset=utf-8" if document else "text/html; charset=utf-8"
        packed = self.exact.ways.packed and document and "gzip" in self.headers.get("Accept-Encoding", "")
        if packed:
            content = gzip.compress(b"\xef\xbb\xbf" + content)
            headers |= {"Content-Encoding": "gzip", "Transfer-Encoding": "chunked"}
        else:
            headers["Content-Length"] = str(len(content))
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Set-Cookie": "ASP.NET_SessionId=x; path=/", **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if packed:
            chunks = (content[start : start + 100] for start in range(0, len(content), 100))
            content = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
        self.wfile.write(content)

    def log_message(self, *arguments: object) -> None:
        pass


@contextmanager
def serving(ways: Ways = AS_WRITTEN) -> Iterator[Exact]:
    """An Exact on a free port of loopback."""
    exact = Exact(ways)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"exact": exact}))
    exact.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield exact
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
