"""Browsers that sign in: what the tests of signing in and of confirming share."""

from typing import Any, Final

from django.test import Client

PASSWORD: Final = "correct horse battery"
LOGIN, HOME, CONFIRM = "/admin/login/", "/admin/integrations/application/", "/admin/confirm/"


def sign_in(client: Client, username: str = "anna", password: str = PASSWORD, **extra: Any) -> Any:
    return client.post(f"{extra.pop('page', LOGIN)}", {"username": username, "password": password}, **extra)


def browser(address: str = "203.0.113.7", **options: Any) -> Client:
    return Client(REMOTE_ADDR=address, **options)


def inside(client: Client) -> bool:
    return client.get(HOME).status_code == 200
