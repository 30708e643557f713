"""``claim_installation``: asks whether the other portal is stopped, and says what became of it."""

import io
import json
import sys
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from integrations.models import AuditEvent, Installation
from tests.owning import own

pytestmark = pytest.mark.django_db
OTHER = "the-other-installation"
Run = Callable[..., tuple[int, str, str]]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def claim(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command; ``typed`` is what somebody types at a terminal, where there is one."""

    def run(*words: str, typed: str | None = None) -> tuple[int, str, str]:
        out, err = io.StringIO(), io.StringIO()
        monkeypatch.setattr(sys, "stdin", io.StringIO() if typed is None else Terminal(typed))
        try:
            call_command("claim_installation", *words, stdout=out, stderr=err)
        except CommandError as error:
            return error.returncode, out.getvalue(), f"{err.getvalue()}{error}"
        return 0, out.getvalue(), err.getvalue()

    return run


@pytest.fixture
def standby() -> None:
    own(owner=OTHER)


@pytest.mark.usefixtures("standby")
def test_a_script_says_yes(claim: Run) -> None:
    code, out, err = claim("--yes")
    line = json.loads(out)
    assert (code, err) == (0, "")
    assert (line["owner"], line["original"]) == ("tests-installation", "shared")
    assert line["claimed_at"] == Installation.objects.get().claimed_at.isoformat()
    assert "stands by from now on" in line["detail"]
    assert AuditEvent.objects.get().actor.startswith("command:")


@pytest.mark.usefixtures("standby")
@pytest.mark.parametrize("typed", ["stopped\n", "STOPPED\n", " stopped"])
def test_a_person_types_it(claim: Run, typed: str) -> None:
    code, out, err = claim("--text", typed=typed)
    assert (code, Installation.objects.get().owner) == (0, "tests-installation")
    assert out.startswith("owner: tests-installation  claimed_at: ")
    assert err.endswith("Type stopped to say so: ")


@pytest.mark.usefixtures("standby")
@pytest.mark.parametrize("typed", ["", "yes\n", "no\n"])
def test_whoever_types_something_else_claims_nothing(claim: Run, typed: str) -> None:
    code, out, err = claim(typed=typed)
    assert (code, out) == (1, "")
    assert err.endswith("Nothing was claimed.")
    assert Installation.objects.get().owner == OTHER


@pytest.mark.usefixtures("standby")
def test_without_a_terminal_and_without_yes_it_is_a_wrong_call(claim: Run) -> None:
    code, out, err = claim()
    assert (code, out) == (2, "")
    assert "Say --yes" in err
    assert Installation.objects.get().owner == OTHER


@pytest.mark.parametrize("words", [(), ("--yes",)])
def test_who_owns_the_tokens_is_refused(claim: Run, words: tuple[str, ...]) -> None:
    assert claim(*words) == (1, "", "This installation owns the tokens already.")


def test_another_address_is_noted_without_a_question(claim: Run) -> None:
    own(public_url="https://old.example.com")
    assert claim()[0] == 0
    assert Installation.objects.get().public_url == "http://testserver"


@pytest.mark.usefixtures("standby")
def test_who_was_told_to_stand_by_is_refused(claim: Run, settings: Any) -> None:
    settings.STANDBY = True
    code, _, err = claim("--yes")
    assert (code, "STANDBY is on" in err) == (1, True)


@pytest.mark.usefixtures("standby")
@pytest.mark.parametrize("command", [("check_connections",), ("link", "--app", "{app}", "--for-us")])
def test_commands_that_reach_exact_are_refused(command: tuple[str, ...], make_app: Callable[..., Any]) -> None:
    app = make_app(enable=True).pk
    words = [word.format(app=app) for word in command]
    with pytest.raises(CommandError, match="This portal stands by") as refused:
        call_command(*words)
    assert refused.value.returncode == 1
