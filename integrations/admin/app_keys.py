"""The keys of one app: which are stored, who depends on them, and the form that enters or replaces them."""

from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.views.decorators.http import require_http_methods

from integrations.admin import app_pages, key_answers
from integrations.admin.app_pages import Tab
from integrations.admin.base import acting, require, say_why_not
from integrations.admin.confirming import confirmed
from integrations.admin.conflicts import SeenField
from integrations.admin.keys_form import BLANK_KEEPS, KeysForm
from integrations.models import Application
from integrations.rules import app_states, roles
from integrations.services import applications, people, secrets
from integrations.services.keyring import WrongKeyRing
from integrations.services.refusals import Refused

SET_KEYS: Final = "integrations.set_keys"
RIGHTS: Final = ("integrations.change_application", SET_KEYS)
TAKEN_BACK: Final = "The newer Client secret was taken back; the one in use stays."


class ReplaceForm(KeysForm):
    """The keys of an app that is there, as whoever types saw them: others may enter some at the same time."""

    version = SeenField()
    newest = SeenField(least=0)

    def __init__(
        self, data: QueryDict | None, *, application: Application, newest: int, stays: tuple[str, ...]
    ) -> None:
        seen = {"client_id": application.client_id, "version": application.version, "newest": newest}
        super().__init__(data, initial=seen)
        if newest:
            self.fields["client_secret"].help_text = BLANK_KEEPS
        if stays:
            self.fields["client_id"].disabled = True
            self.fields["client_id"].help_text = " ".join(stays)


def urls(admin_view: Any) -> list[URLPattern]:
    return [path("<uuid:pk>/keys/", admin_view(page), name="app-keys")]


@require_http_methods(["GET", "HEAD", "POST"])
@confirmed(SET_KEYS)
def page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show which keys are stored; a POST stores what was entered."""
    application = app_pages.find(request, pk)
    if request.method != "POST":
        may_set = all(request.user.has_perm(right) for right in RIGHTS)
        return _shown(request, application, _form(application) if may_set else None)
    for right in RIGHTS:
        require(request, right)
    form = _form(application, request.POST)
    if not form.is_valid():
        return _shown(request, application, form)
    try:
        notes = store(application, form, request)
    except (Refused, WrongKeyRing) as refusal:
        return _refused(request, pk, refusal)
    for note in notes:
        messages.info(request, note)
    return app_pages.saved(request, application, Tab.KEYS)


def _form(application: Application, data: QueryDict | None = None) -> ReplaceForm:
    return ReplaceForm(data, **seen(application))


# --- What the step of Set up shows, too -------------------------------------------------------------------------


def seen(application: Application) -> dict[str, Any]:
    """Return what whoever fills in a ``ReplaceForm`` sees of the app: the form takes it by these names."""
    return {
        "application": application,
        "newest": secrets.newest(application),
        "stays": app_states.why_client_id_stays(depending(application)) if application.client_id else (),
    }


def depending(application: Application) -> int:
    """Return how many connections live by the keys."""
    return application.connections.linked().count()


def stored(application: Application) -> list[dict[str, Any]]:
    """Return the secrets that are stored, the one in use first, each with the name of whoever set it."""
    rows = secrets.stored(application)
    names = people.names(secret.row.set_by for secret in rows)
    return [{"secret": secret, "set_by": names[secret.row.set_by]} for secret in rows]


def store(application: Application, form: ReplaceForm, request: HttpRequest) -> list[str]:
    """Store both keys or none, and return what is to be said of them.

    Raises:
        Conflict: somebody entered others meanwhile.
        Refused: as the services say.
        WrongKeyRing: nothing can be sealed now.
    """
    by, typed, notes = acting(request), form.cleaned_data, [*form.notes]
    with transaction.atomic():
        if application.client_id != typed["client_id"]:
            application.client_id = typed["client_id"]
            applications.change(application, by=by, version=typed["version"])
        if typed["client_secret"]:
            before = [secret.version for secret in secrets.stored(application)]
            row = secrets.set(application, typed["client_secret"], by=by, after=typed["newest"])
            took_back = row.version < max(before, default=0)
            is_stored = f"The Client secret is stored; its fingerprint is {row.fingerprint}."
            notes.append(TAKEN_BACK if took_back else is_stored)
    return notes


def _refused(request: HttpRequest, pk: UUID, refusal: Refused | WrongKeyRing) -> HttpResponse:
    """Say why; the keys are to be entered once more, for a secret never comes back."""
    if isinstance(refusal, Refused):
        say_why_not(request, refusal)
    else:
        messages.error(request, str(refusal))
    return redirect("admin:app-keys", pk)


def _shown(request: HttpRequest, application: Application, form: ReplaceForm | None) -> HttpResponse:
    rows = stored(application)
    context = {
        "form": form,
        "stored": rows,
        "proven": next((row["secret"].row for row in rows if row["secret"].row.proven_at), None),
        "depending": depending(application),
        "who_may_set": roles.who_may(SET_KEYS),
        "may_test": request.user.has_perm(key_answers.TEST),
        **key_answers.context(application),
    }
    return app_pages.answer(request, application, Tab.KEYS, "keys.html", **context)
