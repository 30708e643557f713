"""Reads the portal's variables: the environment first, then ``var/env``, then the default.

django-environ does the reading, ``NAME_FILE`` included. What this adds: a variable that is missing or
malformed stops the start with its name, what is wrong and how to mend it, and never with its value.
"""

import ipaddress
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Self, TypeVar, cast
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured
from environ.fileaware_mapping import FileAwareMapping

from integrations.exact.errors import WrongHost
from integrations.exact.origin import parse
from integrations.rules.installation import is_id

T = TypeVar("T")
REQUIRED: Final = object()
NAME_VALUE: Final = re.compile(r"(?:export )?[A-Za-z_0-9]+=")
HOST_NAME: Final = re.compile(r"(?!-)[A-Za-z0-9._-]{1,253}")
LONGEST_URL: Final = 1_000
DEFAULT_PORTS: Final = {"http": 80, "https": 443}
FLAGS: Final = {
    "on": True,
    "true": True,
    "yes": True,
    "1": True,
    "off": False,
    "false": False,
    "no": False,
    "0": False,
}


class Environment:
    """The process's variables, read strictly."""

    def __init__(self, variables: dict[str, str]) -> None:
        self._variables = FileAwareMapping(env=variables)

    @classmethod
    def with_file(cls, path: Path) -> Self:
        """Add the choices in ``path`` to those of the environment, which win.

        They are added to a copy: processes that the portal starts inherit no secret from the file.
        """
        variables = dict(os.environ)
        for name, value in choices_in(path).items():
            if name.removesuffix("_FILE") not in os.environ:
                variables.setdefault(name, value)
        return cls(variables)

    def read(self, name: str, parse: Callable[[str], T], *, default: Any = REQUIRED, mend: str) -> T:
        """Return the variable as ``parse`` reads it; unset and empty both mean the default.

        Raises:
            ImproperlyConfigured: it is missing, or ``parse`` raised ValueError; without the value.
        """
        text = self._text(name, mend)
        if not text:
            if default is REQUIRED:
                raise ImproperlyConfigured(f"{name} is not set. {mend}")
            return cast(T, default)
        try:
            return parse(text)
        except (ValueError, LookupError, AttributeError, ImproperlyConfigured) as error:
            detail = f": {error}" if isinstance(error, Malformed) else ""
            raise ImproperlyConfigured(f"{name} is malformed{detail}. {mend}") from None

    def _text(self, name: str, mend: str) -> str:
        try:
            return str(self._variables.get(name, "")).strip()
        except (OSError, ValueError):
            raise ImproperlyConfigured(f"{name}_FILE names a file that cannot be read. {mend}") from None


def choices_in(path: Path) -> dict[str, str]:
    """Read ``NAME=value`` lines; django-environ would print a line that it does not understand."""
    if not path.is_file():
        return {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        raise ImproperlyConfigured(f"{path} cannot be read as text. Mend or remove it.") from None
    for number, line in enumerate(lines, start=1):
        if line.strip() and not line.startswith("#") and not NAME_VALUE.match(line):
            raise ImproperlyConfigured(f"Line {number} of {path} is not NAME=value. Mend or remove it.")

    class File(environ.Env):
        ENVIRON: dict[str, str] = {}

    File.read_env(path)
    return File.ENVIRON


class Malformed(ValueError):
    """What is wrong with a value, in words that do not repeat it."""


def flag(text: str) -> bool:
    try:
        return FLAGS[text.lower()]
    except KeyError:
        raise Malformed("it is neither on nor off") from None


def port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535 - 200:
        raise Malformed("it is not a whole number from 1 to 65335")
    return int(text)


def host(text: str) -> str:
    """Read a host name, or an address with or without brackets."""
    bare = text.removeprefix("[").removesuffix("]")
    if ":" in bare:
        ipaddress.IPv6Address(bare)
    elif not HOST_NAME.fullmatch(bare):
        raise Malformed("it is neither a host name nor an address")
    return bare.lower()


def base_url(text: str) -> str:
    """Read scheme, host and port as browsers send them; a path, a query, a name or a password are refused."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise Malformed("it is not a web address") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise Malformed("it does not start with http:// or https:// and a host")
    if parts.path not in {"", "/"} or parts.query or parts.fragment or "@" in parts.netloc:
        raise Malformed("it has more than scheme, host and port")
    name = host(parts.hostname)
    bracketed = f"[{name}]" if ":" in name else name
    return f"{parts.scheme}://{bracketed}" + ("" if port in {None, DEFAULT_PORTS[parts.scheme]} else f":{port}")


def words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def hosts(text: str) -> list[str]:
    """Read the host names of Django's ALLOWED_HOSTS: ``.example.com`` covers what is below, ``*`` all."""
    names = [word.lower() for word in words(text)]
    for name in names:
        if name != "*" and not name.startswith("["):
            host(name.removeprefix("."))
    return names


def networks(text: str) -> list[str]:
    """Read addresses and networks such as ``10.0.0.0/8``, separated by commas."""
    try:
        found = [ipaddress.ip_network(word, strict=False) for word in words(text)]
    except ValueError:
        raise Malformed("it is not a list of IP addresses or networks") from None
    if any(network.prefixlen == 0 for network in found):
        raise Malformed("it trusts every address, so that anybody may say where he comes from")
    return [str(network) for network in found]


def secret_key(text: str) -> str:
    if len(text) < 50 or len(set(text)) < 5:
        raise Malformed("it is shorter than 50 characters, or hardly random")
    return text


def database(text: str) -> dict[str, Any]:
    scheme = urlsplit(text).scheme
    if scheme not in {"sqlite", "postgres", "postgresql", "pgsql", "psql"}:
        raise Malformed("it starts with neither sqlite:/// nor postgres://")
    config: dict[str, Any] = environ.Env.db_url_config(text)
    if not config.get("NAME"):
        raise Malformed("it names no database")
    if scheme == "sqlite" and not Path(config["NAME"]).is_absolute():
        raise Malformed("it names no absolute path of a file, which every process would find")
    return config


def cache(text: str) -> dict[str, Any]:
    _ = urlsplit(text).port
    config: dict[str, Any] = environ.Env.cache_url_config(text)
    return config


def email(text: str) -> dict[str, Any]:
    config: dict[str, Any] = environ.Env.email_url_config(text)
    return config


def broker(text: str) -> str:
    known = {"redis", "rediss", "amqp", "amqps", "pyamqp", "sentinel", "atomicfs", "memory"}
    parts = urlsplit(text)
    if parts.scheme not in known:
        raise Malformed("it starts with none of redis://, rediss://, sentinel://, amqp:// and amqps://")
    if parts.scheme != "sentinel":  # which may list several hosts
        _ = parts.port
    return text


def installation_id(text: str) -> str:
    if not is_id(text):
        raise Malformed("it is not 8 to 64 letters, digits, dots, hyphens and underscores")
    return text


def kept_installation_id(path: Path) -> str:
    """Read the id that the first start made; empty before it."""
    try:
        text = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return ""
    except (OSError, ValueError):
        text = ""
    if not is_id(text):
        raise ImproperlyConfigured(
            f"{path} holds no id of an installation. Bring it back from a backup, or remove it: `manage.py migrate` "
            "makes another one, and the portal stands by until it has claimed the tokens."
        )
    return text


def monitor_url(text: str) -> str:
    """Read the address of a monitor: https, or this machine; without a password that a log could show."""
    try:
        parts = urlsplit(text)
        parse(f"{parts.scheme}://{parts.netloc}").url(path_of(text))
    except (ValueError, WrongHost):
        raise Malformed("it is not https:// and a host, or http:// and this machine") from None
    if parts.fragment or len(text) > LONGEST_URL:
        raise Malformed("it has a part behind #, or is longer than 1,000 characters")
    return text


def path_of(url: str) -> str:
    """Return path and query of a URL as they are sent."""
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def folder(text: str) -> Path:
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError:
        raise Malformed("it starts with ~ and no user's home is known") from None


def seconds(text: str) -> float:
    number = float(text)
    if not 1 <= number <= 60:
        raise Malformed("it is no number from 1 to 60")
    return number


def loopback(url: str) -> bool:
    """Tell whether the host of ``url`` is this machine by its literal name."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def base_directory() -> Path:
    return Path(__file__).resolve().parent.parent


def var_directory() -> Path:
    """Return where everything the portal writes goes: ``var/`` beside manage.py unless ``VAR_DIR`` says else."""
    try:
        return folder(os.environ.get("VAR_DIR") or str(base_directory() / "var"))
    except Malformed as error:
        raise ImproperlyConfigured(f"VAR_DIR is malformed: {error}. Set the path of a folder.") from None
