"""What the forms of one app send, as somebody's browser has them filled in when the page was opened."""

from typing import Any

from integrations.models import Application
from integrations.services import secrets


def overview(application: Application, **typed: Any) -> dict[str, Any]:
    """Return the fields of the first page; of those that are not there for everybody too many do no harm."""
    return {
        "version": application.version,
        "name": application.name,
        "kind": application.kind,
        "owner": application.owner,
        "caretakers": application.caretakers,
        "own_redirect_url": "" if application.comes_back_here else application.redirect_uri,
        **typed,
    }


def keys(application: Application, **typed: Any) -> dict[str, Any]:
    """Return the fields of the Keys page; the secret is never filled in."""
    return {
        "version": application.version,
        "newest": secrets.newest(application),
        "client_id": application.client_id or "",
        "client_secret": "",
        **typed,
    }
