"""The documented production settings pass every check, and what is unsafe is said with its mend."""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from integrations.checks import check_production
from tests.portal.processes import PORTAL_KEYS, ROOT, SECRET_KEY, manage, variables

CHECK = ("check", "--deploy", "--fail-level", "WARNING")


def block(kind: str) -> str:
    text = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    (content,) = re.findall(rf"^```{kind}\n(.+?)^```", text, re.MULTILINE | re.DOTALL)
    return str(content)


@pytest.fixture
def production(tmp_path: Path) -> Path:
    """Write the documented settings as documented; only the two secrets stand elsewhere."""
    for name, value in (("secret_key", SECRET_KEY), ("portal_keys", PORTAL_KEYS)):
        (tmp_path / name).write_text(f"{value}\n", encoding="utf-8")
    text = block("env")
    assert text.count("/etc/portal/") == 2
    (tmp_path / "env").write_text(text.replace("/etc/portal/", f"{tmp_path}/"), encoding="utf-8")
    return tmp_path


def test_the_documented_settings_pass_every_check(production: Path) -> None:
    ended = manage(*CHECK, var=production, PYTHONWARNINGS="error")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "no issues (0 silenced)" in ended.stdout


def test_the_documented_processes_accept_their_options(production: Path) -> None:
    web, worker, beat = (shlex.split(line) for line in block("processes").splitlines())
    for command in ([*web, "--check-config"], [*worker, "--help"], [*beat, "--help"]):
        command[0] = str(Path(sys.executable).parent / Path(command[0]).name)
        ended = subprocess.run(command, cwd=ROOT, env=variables(production), capture_output=True, text=True)
        assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize(
    ("chosen", "check_id", "mend"),
    [
        ({"PUBLIC_URL": "http://portal.example.com"}, "portal.W001", "Set PUBLIC_URL to the https address"),
        ({"SANDBOX": "on"}, "portal.W002", "Set SANDBOX=off."),
        ({"TRUSTED_PROXIES": ""}, "portal.W003", "Set TRUSTED_PROXIES to the addresses of the proxy"),
        ({"ALLOWED_HOSTS": "*"}, "portal.W004", "Set ALLOWED_HOSTS to the host of PUBLIC_URL"),
        ({"CACHE_URL": "locmemcache://"}, "portal.W005", "Leave CACHE_URL out to use the database"),
        ({"CACHE_URL": "dummycache://"}, "portal.W005", "Leave CACHE_URL out to use the database"),
        ({"DEBUG": "on"}, "security.W018", "DEBUG"),
    ],
)
def test_what_is_unsafe_fails_the_check_with_its_mend(
    production: Path, chosen: dict[str, str], check_id: str, mend: str
) -> None:
    ended = manage(*CHECK, var=production, **chosen)
    assert ended.returncode == 1
    assert check_id in ended.stderr
    assert mend in ended.stderr


def test_the_checks_ask_neither_database_nor_broker(production: Path, settings: Any) -> None:
    ended = manage("check", "--deploy", var=production, DATABASE_URL="postgres://portal:pw@127.0.0.1:1/none")
    assert ended.returncode == 0
    settings.PUBLIC_URL, settings.BEHIND_TLS, settings.SANDBOX = "https://portal.example.com", True, False
    settings.TRUSTED_PROXIES = ["127.0.0.1/32"]
    assert check_production(None) == []
