"""How Exact stands to apps of the tests: permission and approved scopes, recorded by the verbs that pages use."""

from collections.abc import Mapping
from datetime import date

from integrations.models import Application
from integrations.rules.workflow import PermissionState
from integrations.services import permissions, scope_approvals
from tests.conftest import SOMEBODY


def granted(application: Application) -> Application:
    """Let Exact have granted permission, as it stood before the portal."""
    return stands(application, PermissionState.GRANTED)


def stands(
    application: Application, state: PermissionState | str, *, on: date | None = None, note: str = "Told by Exact."
) -> Application:
    """Let Exact stand so to the app, as it stood before the portal; for an app of which nothing else is recorded."""
    permissions.record_as_it_stood(application, state, by=SOMEBODY, on=on, note=note)
    return application


def approved(application: Application, scopes: Mapping[str, str]) -> Application:
    """Let Exact have approved these scopes, as it stood before the portal."""
    scope_approvals.record_as_it_stood(application, scopes, by=SOMEBODY)
    return application
