"""The same verbs from a terminal: JSON lines, exit codes, and never a secret."""

import io
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command, execute_from_command_line
from django.db import connections

from integrations.crypto import Key, KeyRing
from integrations.models import Application, AuditEvent, ClientSecret, User
from tests.conftest import CLIENT_ID, SECRET

pytestmark = pytest.mark.django_db


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text(f"{SECRET}\n")
    return path


@pytest.fixture
def terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, list[Any], str]]:
    """Run a command as a terminal does; return exit code, the JSON lines, and what stands on stderr."""
    # A command closes its connections at the end; this test's own has its transaction open.
    monkeypatch.setattr(connections, "close_all", lambda: None)

    def run(*words: str) -> tuple[int, list[Any], str]:
        try:
            execute_from_command_line(["manage.py", *words])
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        except CommandError as error:
            code = error.returncode
            sys.stderr.write(str(error))
        out, err = capsys.readouterr()
        return code, [json.loads(line) for line in out.splitlines()], err

    return run


Terminal = Callable[..., tuple[int, list[Any], str]]
ADD = ("add_app", "--region", "nl", "--kind", "product", "--name", "Meridian Bookings")


def test_add_app_prints_the_id_and_the_redirect_url(terminal: Terminal) -> None:
    code, lines, _ = terminal(*ADD)
    application = Application.objects.get()
    assert code == 0
    assert lines == [{"id": str(application.pk), "redirect_url": application.redirect_uri}]


def test_add_app_takes_the_keys_and_enables(terminal: Terminal, secret_file: Path) -> None:
    code, lines, err = terminal(*ADD, "--client-id", CLIENT_ID, "--secret-file", str(secret_file), "--enable")
    assert (code, err) == (0, "")
    assert Application.objects.get().is_enabled
    assert SECRET not in str(lines)
    assert all(actor.startswith("command:") for actor in AuditEvent.objects.values_list("actor", flat=True))


def test_add_app_reads_the_secret_from_standard_input(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(SECRET.encode())))
    assert terminal(*ADD, "--secret-file", "-")[0] == 0
    assert ClientSecret.objects.count() == 1


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--client-id", "nonsense"), "a Client ID is a GUID"),
        (("--enable",), "The Client ID is missing"),
        (("--secret-file", "/no/such/file"), "cannot be read"),
        (("--name", "x" * 200), "at most 100"),
    ],
)
def test_add_app_refuses_with_the_reason_and_adds_nothing(
    terminal: Terminal, words: tuple[str, ...], reason: str
) -> None:
    code, lines, err = terminal(*ADD, *words)
    assert (code, lines) == (1, [])
    assert reason in err
    assert not Application.objects.exists()
    assert not AuditEvent.objects.exists()


def test_add_app_refuses_a_file_that_is_no_text(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "image").write_bytes(b"\xff\xfe\x00\x01")
    code, _, err = terminal(*ADD, "--secret-file", str(tmp_path / "image"))
    assert (code, "is no text" in err) == (1, True)


@pytest.mark.parametrize(
    "words", [(), ("--region", "fr"), ("--kind", "public"), ("--json", "--text"), ("--secret", "x")]
)
def test_a_wrong_call_exits_with_2(terminal: Terminal, words: tuple[str, ...]) -> None:
    base = ADD if words else ADD[:3]
    assert terminal(*base, *words)[0] == 2


@pytest.mark.parametrize("port", ["0", "-1", "65536", "x"])
def test_a_practice_exact_at_no_port_is_a_wrong_call(terminal: Terminal, port: str) -> None:
    assert terminal("sandbox", "--region", "nl", f"--port={port}")[0] == 2


def test_set_keys_can_enable_in_the_same_step(
    terminal: Terminal, secret_file: Path, make_app: Callable[..., Application]
) -> None:
    application = make_app(secret=None, client_id=None)
    words = ("set_keys", "--app", str(application.pk), "--client-id", CLIENT_ID)
    code, lines, err = terminal(*words, "--enable")
    assert (code, lines) == (1, [])
    assert "Client secret is missing" in err
    application.refresh_from_db()
    assert (application.client_id, application.is_enabled) == (None, False)
    for _ in range(2):
        assert terminal(*words, "--secret-file", str(secret_file), "--enable")[0] == 0
    application.refresh_from_db()
    assert application.is_enabled


def test_set_keys_replaces_the_keys(
    terminal: Terminal, secret_file: Path, make_app: Callable[..., Application]
) -> None:
    application = make_app(secret=None, client_id=None)
    code, (line,), _ = terminal(
        "set_keys", "--app", str(application.pk), "--client-id", CLIENT_ID, "--secret-file", str(secret_file)
    )
    assert code == 0
    assert line == {
        "id": str(application.pk),
        "client_id": CLIENT_ID,
        "fingerprints": [ClientSecret.objects.get().fingerprint],
    }


def test_set_keys_of_an_unknown_app_is_refused(terminal: Terminal) -> None:
    code, _, err = terminal("set_keys", "--app", str(uuid4()))
    assert (code, "There is no app" in err) == (1, True)


def test_set_keys_changes_both_or_nothing(
    terminal: Terminal, tmp_path: Path, make_app: Callable[..., Application]
) -> None:
    application = make_app()
    (tmp_path / "bad").write_text("two words")
    other = "9b0a6d1e-9c0f-4f55-8d2b-6a54c1f1a009"
    words = ("set_keys", "--app", str(application.pk), "--client-id", other, "--secret-file", str(tmp_path / "bad"))
    assert terminal(*words)[0] == 1
    application.refresh_from_db()
    assert application.client_id == CLIENT_ID


def test_rotate_keys_says_what_it_did_and_which_keys_are_needed(
    terminal: Terminal, make_app: Callable[..., Application], ring: Callable[..., KeyRing]
) -> None:
    old, new = Key.generate("old"), Key.generate("new")
    ring(old)
    make_app()
    ring(new, old)
    code, lines, _ = terminal("rotate_keys")
    assert code == 0
    assert lines[0] == {"column": "client_secret.sealed", "resealed": 1, "changed_meanwhile": 0, "cannot_open": []}
    assert lines[-1] == {"keys_needed": ["new"], "keys_removable": ["old"]}


def test_rotate_keys_exits_with_1_where_rows_do_not_open(
    terminal: Terminal, make_app: Callable[..., Application]
) -> None:
    make_app()
    ClientSecret.objects.update(sealed="v1.lost.AAAA")
    code, _, err = terminal("rotate_keys")
    assert (code, "cannot be opened with the present keys" in err) == (1, True)


def test_a_wrong_ring_is_refused_in_words(
    terminal: Terminal, make_app: Callable[..., Application], ring: Callable[..., KeyRing], secret_file: Path
) -> None:
    make_app()
    ring(Key.generate("other"))
    code, _, err = terminal(*ADD, "--secret-file", str(secret_file))
    assert (code, "Bring that key back" in err) == (1, True)


def test_new_password_prints_it_once_and_it_works(terminal: Terminal, anna: User) -> None:
    code, (line,), _ = terminal("new_password", "--user", "anna")
    anna.refresh_from_db()
    assert (code, line["user"], anna.check_password(line["password"])) == (0, "anna", True)
    assert terminal("new_password", "--user", "nobody")[0] == 1


def test_lines_for_people(capsys: pytest.CaptureFixture[str], anna: User) -> None:
    call_command("new_password", "--text")
    assert capsys.readouterr().out.startswith("user: anna  password: ")


@pytest.fixture
def house(settings: Any, tmp_path: Path, at_work: None, guarded_activity: None) -> Iterator[None]:
    tmp_path.chmod(0o700)
    settings.VAR_DIR, settings.BROKER_DIR, settings.TOKEN_JOURNAL_DIR = tmp_path, tmp_path / "b", tmp_path / "t"
    return


def test_doctor_exits_with_0_only_when_all_is_well(
    house: None, terminal: Terminal, make_app: Callable[..., Application]
) -> None:
    code, lines, _ = terminal("doctor")
    assert code == 0
    assert all(line["ok"] for line in lines)
    make_app()
    ClientSecret.objects.update(sealed="v1.lost.AAAA")
    code, lines, err = terminal("doctor")
    assert code == 1
    assert [line["check"] for line in lines if not line["ok"]] == ["sealed rows"]
    assert "need you" in err
