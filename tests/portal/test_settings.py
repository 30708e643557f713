"""Every variable: what a missing or malformed one says, and that nothing ever says its value."""

import os
import re
import runpy
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from portal.environment import Environment
from tests.portal.processes import KEYS, ROOT, manage, python

CANARY = "Kanarie7Vogel"
Load = Callable[..., dict[str, Any]]

MALFORMED = {
    "DEBUG": [CANARY, "2", "onn"],
    "HOST": [f"{CANARY} 1", f"{CANARY}:80", f"http://{CANARY}", f"{CANARY};true", "::1::", f"-{CANARY}", "a" * 300],
    "PORT": [CANARY, "0", "-1", "80.5", "65336", "1e3", "٨٠٨٠", "9" * 5000, " 80 81"],
    "SECRET_KEY": [CANARY, CANARY[:4] * 30],
    "PORTAL_KEYS": [CANARY, f"k1:{CANARY}", f"{CANARY}:AAAA", f"k1:{'A' * 43}=", f"{KEYS['PORTAL_KEYS']},{CANARY}"],
    "PUBLIC_URL": [
        CANARY,
        "https://",
        f"ftp://{CANARY}",
        f"https://{CANARY}.example.com/portal",
        f"https://{CANARY}.example.com?x",
        f"https://user:{CANARY}@portal.example.com",
        "https://@portal.example.com",
        f"https://{CANARY} portal.example.com",
        f"https://{CANARY}:99999",
        f"https://{CANARY}:http",
        f"https://[{CANARY}",
        "https://münchen.example",
    ],
    "ALLOWED_HOSTS": [f"https://{CANARY}", f"{CANARY}:8000", f"portal.example.com {CANARY}"],
    "TRUSTED_PROXIES": [CANARY, "10.0.0.256", "10.0.0.0/33", "0.0.0.0/0", "10.0.0.1,::/0"],
    "DATABASE_URL": [
        CANARY,
        f"mysql://user:{CANARY}@host/name",
        f"postgres://user:{CANARY}@host:x5432/name",
        f"postgres://user:{CANARY}@host",
        "sqlite://",
        f"sqlite:///{CANARY}.sqlite3",
    ],
    "CACHE_URL": [CANARY, f"{CANARY}://x", f"redis://:{CANARY}@host:x6379/1"],
    "EMAIL_URL": [CANARY, f"{CANARY}://host", f"smtp://user:{CANARY}@host:x25"],
    "CELERY_BROKER_URL": [CANARY, f"http://{CANARY}", f"redis://:{CANARY}@host:x6379/0", "portal.broker:Transport"],
    "TOKEN_JOURNAL_DIR": [f"~{CANARY}/tokens"],
    "TOKEN_DEADLINE_SECONDS": [CANARY, "0", "61", "nan"],
    "TOKEN_LEASE_SECONDS": [CANARY, "-1", "61", "inf"],
    "INSTALLATION_ID": [CANARY[:7], f"{CANARY} {CANARY}", f"{CANARY}/1", f"-{CANARY}", CANARY * 5, f"{CANARY}ü"],
    "STANDBY": [CANARY, "standby"],
    "HEARTBEAT_URL": [
        CANARY,
        f"http://{CANARY}.example.com/ping",
        f"https://user:{CANARY}@monitor.example.com/ping",
        f"https://monitor.example.com/{CANARY}#part",
        f"https://monitor.example.com/a {CANARY}",
        f"https://monitor.example.com:x/{CANARY}",
        f"ftp://monitor.example.com/{CANARY}",
        f"https://monitor.example.com/{CANARY * 100}",
    ],
    "SANDBOX": [CANARY],
    "EXACT_NL_URL": [CANARY, f"https://{CANARY}.example.com/api", f"https://x:{CANARY}@start.example.com"],
    "EXACT_UK_URL": [CANARY, "//127.0.0.1:9000"],
}
REQUIRED = ["SECRET_KEY", "PORTAL_KEYS"]
WITH_VALUE = {
    "DEBUG": "off",
    "HOST": "127.0.0.1",
    "PORT": "8000",
    **KEYS,
    "PUBLIC_URL": "https://portal.example.com",
    "ALLOWED_HOSTS": "localhost,127.0.0.1",
    "TRUSTED_PROXIES": "10.0.0.5",
    "DATABASE_URL": "postgres://user:pw@host/name",
    "CACHE_URL": "redis://host/1",
    "EMAIL_URL": "smtp://host",
    "CELERY_BROKER_URL": "redis://host/0",
    "TOKEN_JOURNAL_DIR": "/srv/tokens",
    "TOKEN_DEADLINE_SECONDS": "5",
    "TOKEN_LEASE_SECONDS": "40",
    "INSTALLATION_ID": "meridian-production",
    "STANDBY": "on",
    "HEARTBEAT_URL": "https://monitor.example.com/ping/0b1c",
    "SANDBOX": "on",
    "EXACT_NL_URL": "http://127.0.0.1:9000",
    "EXACT_UK_URL": "http://127.0.0.1:9001",
}


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Load:
    """Run settings.py anew with just these variables, and return what it sets."""

    def run(**chosen: str) -> dict[str, Any]:
        for name in WITH_VALUE:
            monkeypatch.delenv(name, raising=False)
            monkeypatch.delenv(f"{name}_FILE", raising=False)
        monkeypatch.setenv("VAR_DIR", str(tmp_path))
        for name, value in {**KEYS, **chosen}.items():
            monkeypatch.setenv(name, value)
        return runpy.run_path(str(ROOT / "portal" / "settings.py"))

    return run


@pytest.fixture
def refused(load: Load, capfd: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Return what the settings refuse with, and see to it that the canary is nowhere in what a terminal shows."""

    def run(**chosen: str) -> str:
        with pytest.raises(ImproperlyConfigured) as caught:
            load(**chosen)
        shown = "".join(traceback.format_exception(caught.value)).lower() + "".join(capfd.readouterr()).lower()
        assert CANARY.lower() not in shown
        return str(caught.value)

    return run


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "env"


CASES = [
    pytest.param(name, value, id=f"{name}-{place}")
    for name, all_ in MALFORMED.items()
    for place, value in enumerate(all_)
]


@pytest.mark.parametrize(("name", "value"), CASES)
def test_a_malformed_variable_is_refused_by_name_with_its_mend(
    refused: Callable[..., str], name: str, value: str
) -> None:
    reason = refused(**{"SANDBOX": "on", name: value})
    assert re.match(rf"{name} is malformed[.:]", reason)
    assert re.search(r"(Set|`make run` makes one)\b.+\.?$", reason)


@pytest.mark.parametrize("name", REQUIRED)
@pytest.mark.parametrize("value", ["", "  "])
def test_a_missing_variable_is_named_with_its_mend(refused: Callable[..., str], name: str, value: str) -> None:
    assert refused(**{name: value}).startswith(f"{name} is not set. `make run` makes one")


def test_every_variable_that_the_settings_read_is_in_the_example_and_no_other(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = {"VAR_DIR"}  # says where the file with the others is; read by portal.environment
    original = Environment.read

    def record(self: Environment, name: str, *args: Any, **kwargs: Any) -> Any:
        read.add(name)
        return original(self, name, *args, **kwargs)

    monkeypatch.setattr(Environment, "read", record)
    load()
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert set(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE)) == read
    assert read == {"VAR_DIR", *MALFORMED}


def test_the_example_starts_once_its_secrets_are_filled_in(load: Load) -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    chosen = dict(line.split("=", 1) for line in example.splitlines() if line and not line.startswith("#"))
    chosen.pop("VAR_DIR")
    assert load(**{**chosen, **KEYS})["PUBLIC_URL"] == "http://127.0.0.1:8000"


def test_nothing_but_the_two_secrets_is_needed(load: Load, tmp_path: Path) -> None:
    settings = load()
    assert settings["DATABASES"]["default"]["NAME"] == str(tmp_path / "portal.sqlite3")
    assert settings["CELERY_BROKER_URL"] == "atomicfs://"
    assert settings["CACHES"]["default"]["BACKEND"].endswith("DatabaseCache")
    assert settings["TOKEN_JOURNAL_DIR"] == tmp_path / "tokens"
    assert not settings["DEBUG"]
    assert not settings["SANDBOX"]


@pytest.mark.parametrize(("port", "url"), [("8000", "http://127.0.0.1:8000"), ("9123", "http://127.0.0.1:9123")])
def test_the_public_address_follows_the_port(load: Load, port: str, url: str) -> None:
    assert load(PORT=port)["PUBLIC_URL"] == url


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://Portal.Example.com/", "https://portal.example.com"),
        ("https://portal.example.com:443", "https://portal.example.com"),
        ("http://portal.example.com:80", "http://portal.example.com"),
        ("http://portal.example.com:443", "http://portal.example.com:443"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("https://portal.example.com:", "https://portal.example.com"),
    ],
)
def test_the_public_address_is_kept_as_browsers_say_it(load: Load, given: str, kept: str) -> None:
    settings = load(PUBLIC_URL=given)
    assert settings["PUBLIC_URL"] == kept
    assert settings["CSRF_TRUSTED_ORIGINS"] == [kept]


@pytest.mark.parametrize("url", ["https://portal.example.com", "https://portal.example.com:8443", "http://[::1]:8000"])
def test_the_host_of_the_public_address_is_allowed_unless_set(load: Load, url: str) -> None:
    host = re.sub(r":\d+$", "", url.partition("://")[2])
    assert host in load(PUBLIC_URL=url)["ALLOWED_HOSTS"]


def test_allowed_hosts_without_the_public_one_are_refused(refused: Callable[..., str]) -> None:
    reason = refused(PUBLIC_URL="https://portal.example.com", ALLOWED_HOSTS="other.example.com,localhost")
    assert reason.startswith("ALLOWED_HOSTS lacks the host of PUBLIC_URL")


@pytest.mark.parametrize("hosts", ["portal.example.com", ".example.com", "*", "localhost, PORTAL.example.com"])
def test_allowed_hosts_may_cover_the_public_one(load: Load, hosts: str) -> None:
    assert load(PUBLIC_URL="https://portal.example.com", ALLOWED_HOSTS=hosts)["ALLOWED_HOSTS"]


@pytest.mark.parametrize(
    ("given", "kept"), [("[::1]", "::1"), ("::", "::"), ("192.0.2.7", "192.0.2.7"), ("LocalHost", "localhost")]
)
def test_the_address_to_bind_is_a_name_or_an_address(load: Load, given: str, kept: str) -> None:
    assert load(HOST=given)["HOST"] == kept


@pytest.mark.parametrize("region", ["NL", "UK"])
def test_another_exact_is_refused_outside_practice_and_development(refused: Callable[..., str], region: str) -> None:
    reason = refused(**{f"EXACT_{region}_URL": f"https://{CANARY}.example.com"})
    assert reason == f"EXACT_{region}_URL is accepted with SANDBOX=on or DEBUG=on only. Remove EXACT_{region}_URL."


@pytest.mark.parametrize("switch", ["SANDBOX", "DEBUG"])
@pytest.mark.parametrize(
    "url", ["https://exact.example.com", "http://127.0.0.1:9000", "http://localhost:9000", "http://[::1]:9000"]
)
def test_another_exact_is_accepted_in_practice_and_development(load: Load, switch: str, url: str) -> None:
    assert load(**{switch: "on", "EXACT_NL_URL": url})["EXACT_ORIGINS"]["nl"] == url


@pytest.mark.parametrize(
    "host", [f"{CANARY}.example.com", "10.0.0.5", "0.0.0.1", f"127.0.0.1.{CANARY}", "localhost.example.com"]
)
def test_plain_http_to_another_machine_is_refused(refused: Callable[..., str], host: str) -> None:
    assert refused(SANDBOX="on", EXACT_NL_URL=f"http://{host}").startswith("EXACT_NL_URL is plain http to another")


def test_without_practice_the_published_addresses_are_used(load: Load) -> None:
    assert all(origin.startswith("https://") for origin in load()["EXACT_ORIGINS"].values())


def test_in_practice_each_country_has_a_port_of_its_own(load: Load) -> None:
    assert load(SANDBOX="on", PORT="9000")["EXACT_ORIGINS"] == {
        "nl": "http://127.0.0.1:9101",
        "uk": "http://127.0.0.1:9102",
    }


# --- NAME_FILE and var/env ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(WITH_VALUE))
def test_a_variable_may_stand_in_a_file_of_its_own(load: Load, tmp_path: Path, name: str) -> None:
    (tmp_path / "value").write_text(WITH_VALUE[name] + "\n", encoding="utf-8")
    kept = {"SANDBOX": "on"}
    expected = load(**{**kept, name: WITH_VALUE[name]})
    given = load(**{**kept, name: "", f"{name}_FILE": str(tmp_path / "value")})
    plain = {key: value for key, value in expected.items() if key.isupper() and key != "PORTAL_KEYS"}
    assert {key: given[key] for key in plain} == plain
    assert given["PORTAL_KEYS"].ids == expected["PORTAL_KEYS"].ids


@pytest.mark.parametrize("name", list(WITH_VALUE))
def test_a_file_that_cannot_be_read_is_named_by_its_variable(
    refused: Callable[..., str], tmp_path: Path, name: str
) -> None:
    missing = tmp_path / CANARY
    assert refused(**{f"{name}_FILE": str(missing)}).startswith(f"{name}_FILE names a file that cannot be read.")


@pytest.mark.parametrize("content", [b"\xff\xfe" + CANARY.encode(), None])
def test_a_file_of_no_text_is_refused(refused: Callable[..., str], tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "value"
    path.mkdir() if content is None else path.write_bytes(content)
    assert refused(SECRET_KEY_FILE=str(path)).startswith("SECRET_KEY_FILE names a file that cannot be read.")


def test_what_stands_in_var_env_is_read(load: Load, file: Path) -> None:
    file.write_text("# a comment\n\nPORT=9001\nexport SANDBOX=on\nHOST='::1'\n", encoding="utf-8")
    settings = load()
    assert (settings["PORT"], settings["SANDBOX"], settings["HOST"]) == (9001, True, "::1")


def test_the_environment_wins_over_var_env(load: Load, file: Path) -> None:
    file.write_text("PORT=9001\n", encoding="utf-8")
    assert load(PORT="9002")["PORT"] == 9002


def test_the_environment_wins_over_a_file_that_var_env_names(load: Load, file: Path, tmp_path: Path) -> None:
    (tmp_path / "port").write_text("9001", encoding="utf-8")
    file.write_text(f"PORT_FILE={tmp_path / 'port'}\n", encoding="utf-8")
    assert load()["PORT"] == 9001
    assert load(PORT="9002")["PORT"] == 9002


def test_a_file_that_the_environment_names_wins_over_var_env(load: Load, file: Path, tmp_path: Path) -> None:
    (tmp_path / "port").write_text("9002", encoding="utf-8")
    file.write_text("PORT=9001\n", encoding="utf-8")
    assert load(PORT_FILE=str(tmp_path / "port"))["PORT"] == 9002


def test_an_empty_variable_of_the_environment_wins_too(load: Load, file: Path, tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text("localhost", encoding="utf-8")
    file.write_text(f"PORT=9001\nHOST_FILE={tmp_path / 'hosts'}\n", encoding="utf-8")
    settings = load(PORT="", HOST="")
    assert (settings["PORT"], settings["HOST"]) == (8000, "127.0.0.1")


def test_processes_inherit_nothing_of_var_env(load: Load, file: Path) -> None:
    file.write_text(f"EMAIL_URL=smtp://user:{CANARY}@host\n", encoding="utf-8")
    assert load()["EMAIL_HOST_PASSWORD"] == CANARY
    assert CANARY not in str(os.environ)


@pytest.mark.parametrize("line", [CANARY, f"export {CANARY}", f" PORT={CANARY}", f"PÖRT={CANARY}", f"PORT: {CANARY}"])
def test_a_malformed_line_is_named_by_its_number(refused: Callable[..., str], file: Path, line: str) -> None:
    file.write_text(f"# first\n\nSANDBOX=on\n{line}\n", encoding="utf-8")
    assert refused() == f"Line 4 of {file} is not NAME=value. Mend or remove it."


def test_a_var_env_of_no_text_is_refused(refused: Callable[..., str], file: Path) -> None:
    file.write_bytes(b"PORT=\xff" + CANARY.encode())
    assert refused() == f"{file} cannot be read as text. Mend or remove it."


def test_a_home_that_nobody_has_is_no_place_for_what_the_portal_writes(refused: Callable[..., str]) -> None:
    assert refused(VAR_DIR=f"~{CANARY}/var").startswith("VAR_DIR is malformed: it starts with ~")


# --- As somebody at a terminal sees it ----------------------------------------------------------------------


@pytest.mark.parametrize("command", ["check", "migrate", "doctor", "add_app", "runserver"])
def test_no_command_of_manage_starts_or_shows_a_traceback(tmp_path: Path, command: str) -> None:
    ended = manage(command, var=tmp_path, **{**KEYS, "DATABASE_URL": f"mysql://user:{CANARY}@host/name"})
    assert ended.returncode == 1
    assert ended.stderr.startswith("The portal does not start: DATABASE_URL is malformed")
    assert len(ended.stderr.splitlines()) == 1
    assert CANARY not in ended.stdout + ended.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["-c", "import portal.wsgi"],
        ["-m", "celery", "-A", "portal.celery", "worker"],
        ["-m", "celery", "-A", "portal.celery", "beat"],
        ["-m", "gunicorn", "portal.wsgi", "--check-config"],
        ["-m", "portal.run"],
    ],
    ids=["wsgi", "worker", "beat", "gunicorn", "run"],
)
def test_no_process_starts_or_shows_the_value(tmp_path: Path, arguments: list[str]) -> None:
    ended = python(*arguments, var=tmp_path, **{**KEYS, "CELERY_BROKER_URL": f"http://user:{CANARY}@host"})
    assert ended.returncode != 0
    assert "CELERY_BROKER_URL is malformed: it starts with none of" in ended.stdout + ended.stderr
    assert CANARY not in ended.stdout + ended.stderr


@pytest.mark.parametrize("name", REQUIRED)
def test_manage_says_which_secret_is_missing(tmp_path: Path, name: str) -> None:
    ended = manage("check", var=tmp_path, **{**KEYS, name: ""})
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"The portal does not start: {name} is not set. `make run` makes one")
    assert "Traceback" not in ended.stderr
