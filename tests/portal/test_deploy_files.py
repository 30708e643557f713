"""The files under docs/deploy/ are read as strictly as their programs read them, and say what docs/deploy.md says."""

import re
import shlex
from collections.abc import Iterator
from configparser import RawConfigParser
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import pytest
from django.core.management import get_commands
from django.urls import Resolver404, resolve

from tests.portal.processes import ROOT
from tests.portal.test_deploy import block

FOLDER = ROOT / "docs" / "deploy"
UNITS = sorted(FOLDER.glob("*.service"))
RELEASE = "/opt/portal"
KNOWN = {
    "Unit": {"Description", "After", "Wants"},
    "Timer": {"OnCalendar", "RandomizedDelaySec", "Persistent"},
    "Install": {"WantedBy"},
    "Service": {
        "Type", "ExecStart", "Restart", "RestartSec", "TimeoutStopSec", "KillMode", "User", "Group", "UMask",
        "WorkingDirectory", "Environment", "NoNewPrivileges", "CapabilityBoundingSet", "AmbientCapabilities",
        "ProtectSystem", "ReadWritePaths", "ProtectHome", "PrivateTmp", "PrivateDevices", "ProtectClock",
        "ProtectHostname", "ProtectKernelTunables", "ProtectKernelModules", "ProtectKernelLogs",
        "ProtectControlGroups", "ProtectProc", "ProcSubset", "RestrictAddressFamilies", "RestrictNamespaces",
        "RestrictRealtime", "RestrictSUIDSGID", "LockPersonality", "MemoryDenyWriteExecute", "RemoveIPC",
        "SystemCallArchitectures", "SystemCallFilter", "SystemCallErrorNumber",
    },
}  # fmt: skip
HARDENED = {
    "NoNewPrivileges": "yes", "ProtectSystem": "strict", "ProtectHome": "yes", "PrivateTmp": "yes",
    "PrivateDevices": "yes", "CapabilityBoundingSet": "", "UMask": "0077", "User": "portal",
}  # fmt: skip
VARIABLES = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE))


def unit(path: Path) -> RawConfigParser:
    parser = RawConfigParser(strict=False, delimiters=("=",), comment_prefixes=("#",), empty_lines_in_values=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(path.read_text(encoding="utf-8"))
    return parser


# --- systemd ------------------------------------------------------------------------------------------------


def test_every_process_has_its_unit() -> None:
    assert [path.stem for path in UNITS] == ["portal-backup", "portal-beat", "portal-web", "portal-worker"]


@pytest.mark.parametrize("path", [*UNITS, *FOLDER.glob("*.timer")], ids=lambda path: path.name)
def test_a_unit_says_nothing_that_systemd_does_not_know(path: Path) -> None:
    for name, section in unit(path).items():
        if name != "DEFAULT":
            assert set(section) <= KNOWN[name]
    for line in path.read_text(encoding="utf-8").splitlines():
        assert re.fullmatch(r"(#.*|\[\w+\]|\w+=.*|)", line), line


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_is_hardened_and_its_variables_are_known(path: Path) -> None:
    service = unit(path)["Service"]
    assert {name: service[name] for name in HARDENED} == HARDENED
    assert service["WorkingDirectory"] == RELEASE
    chosen = dict(word.split("=", 1) for word in shlex.split(service["Environment"]))
    assert set(chosen) <= VARIABLES
    assert chosen["VAR_DIR"] in service["ReadWritePaths"].split()


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_what_a_unit_starts_is_there(path: Path) -> None:
    program, *arguments = shlex.split(unit(path)["Service"]["ExecStart"])
    assert program.startswith(f"{RELEASE}/.venv/bin/")
    name = Path(program).name
    if name == "python":
        assert (ROOT / arguments[0]).is_file()
        assert arguments[1] in get_commands()
    else:
        assert find_spec(name) is not None
        module = arguments[1] if name == "celery" else arguments[0]
        assert find_spec(module) is not None


def test_the_units_start_what_the_documentation_starts() -> None:
    started = {shlex.join(shlex.split(unit(path)["Service"]["ExecStart"])) for path in UNITS}
    documented = {shlex.join(shlex.split(f"{RELEASE}/{line}")) for line in block("processes").splitlines()}
    assert documented < started


def test_exactly_one_scheduler_and_the_timer_starts_the_backup() -> None:
    assert sum("beat" in unit(path)["Service"]["ExecStart"] for path in UNITS) == 1
    assert (FOLDER / "portal-backup.timer").stem == (FOLDER / "portal-backup.service").stem
    assert unit(FOLDER / "portal-backup.service")["Service"]["Type"] == "oneshot"


# --- nginx --------------------------------------------------------------------------------------------------

TOKEN = re.compile(r"""\s+|\#[^\n]*|(?P<sign>[{};])|(?P<word>"[^"]*"|[^\s{};"#]+)""")


@dataclass
class Directive:
    words: list[str]
    inside: "list[Directive]" = field(default_factory=list)

    def all(self, name: str) -> "list[Directive]":
        return [directive for directive in self.inside if directive.words[0] == name]


def tokens(text: str) -> Iterator[str]:
    place = 0
    while place < len(text):
        found = TOKEN.match(text, place)
        assert found, text[place : place + 40]
        place = found.end()
        if found["sign"] or found["word"]:
            yield found[0]


def parsed(path: Path) -> Directive:
    """Read nginx's syntax: words up to ``;``, or up to the braces around further directives."""
    root = Directive([path.name])
    open_, words = [root], list[str]()
    for token in tokens(path.read_text(encoding="utf-8")):
        if token in {";", "{"}:
            assert words, f"{path.name}: nothing before {token}"
            open_[-1].inside.append(Directive(words))
            if token == "{":
                open_.append(open_[-1].inside[-1])
            words = []
        elif token == "}":
            assert not words, f"{path.name}: {words} without ;"
            open_.pop()
        else:
            words.append(token.strip('"'))
    assert (len(open_), words) == (1, []), f"{path.name}: not closed"
    return root


def servers() -> list[Directive]:
    return parsed(FOLDER / "nginx.conf").all("server")


def led_to(server: Directive, path: str) -> str:
    """Return what nginx does with a path: of the prefixes that fit, the longest wins."""
    fitting = [place for place in server.all("location") if path.startswith(place.words[-1])]
    best = max(fitting, key=lambda place: len(place.words[-1]))
    return "portal" if best.all("include") else best.all("return")[0].words[1]


def test_from_outside_only_what_customers_need_is_reached() -> None:
    public, inner, *_ = servers()
    for path in ("/connect/x/", "/connect/x/back/", "/connect/result/", "/oauth/callback/x/", "/static/a.css"):
        assert led_to(public, path) == "portal"
    for path in ("/", "/admin/", "/admin/login/", "/health/live", "/health/ready", "/connect", "/oauth/", "/adm"):
        assert led_to(public, path) == "404"
    assert led_to(inner, "/admin/") == "portal"
    assert led_to(inner, "/health/ready") == "404"
    assert [rule.words for rule in inner.all("allow") + inner.all("deny")][-1] == ["deny", "all"]
    (address,) = [listen.words[1] for listen in inner.all("listen")]
    assert address not in {listen.words[1] for listen in public.all("listen")}


def test_the_ways_that_are_open_are_ways_of_the_portal() -> None:
    for path in ("/connect/x/", "/oauth/callback/00000000-0000-0000-0000-000000000001/", "/health/live"):
        assert resolve(path)
    with pytest.raises(Resolver404):
        resolve("/nowhere/")


def test_addresses_that_carry_a_code_or_a_token_are_not_logged() -> None:
    for server in servers()[:2]:
        for place in server.all("location"):
            if place.words[-1] in {"/connect/", "/oauth/callback/"}:
                assert [rule.words for rule in place.all("access_log")] == [["access_log", "off"]]


def test_the_proxy_says_itself_who_asks_and_by_which_scheme() -> None:
    snippet = parsed(FOLDER / "nginx-proxy.conf")
    said = {rule.words[1]: rule.words[2] for rule in snippet.all("proxy_set_header")}
    assert said["Host"] == "$http_host"
    assert said["X-Forwarded-Proto"] == "$scheme"
    assert said["X-Forwarded-For"] == "$proxy_add_x_forwarded_for"
    (to,) = snippet.all("proxy_pass")
    (upstream,) = parsed(FOLDER / "nginx.conf").all("upstream")
    assert to.words == ["proxy_pass", f"http://{upstream.words[1]}"]
    web = unit(FOLDER / "portal-web.service")["Service"]["ExecStart"]
    assert f"--bind {upstream.all('server')[0].words[1]}" in web


def test_every_snippet_is_there_and_names_where_it_goes() -> None:
    used = set(re.findall(r"include snippets/portal-(\w+)\.conf;", (FOLDER / "nginx.conf").read_text()))
    assert used == {"proxy", "tls"}
    for name in used:
        text = (FOLDER / f"nginx-{name}.conf").read_text(encoding="utf-8")
        assert f"/etc/nginx/snippets/portal-{name}.conf" in text
        assert parsed(FOLDER / f"nginx-{name}.conf").inside
