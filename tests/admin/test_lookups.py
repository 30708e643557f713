"""A query string filters by nothing that is not on the list: otherwise it reads hidden columns letter by letter."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import models
from django.test import Client, RequestFactory
from django.urls import reverse

from integrations.admin.base import PortalModelAdmin
from integrations.models import Application

pytestmark = pytest.mark.django_db
OURS = list(admin.site._registry)
LOOKUPS = (
    "",
    "__exact",
    "__startswith",
    "__istartswith",
    "__contains",
    "__regex",
    "__gt",
    "__isnull",
    "__in",
    "__range",
)


def paths(model: type[models.Model], depth: int = 2) -> Iterator[str]:
    """Yield every column that can be reached from the model, across at most two relations."""
    for field in model._meta.get_fields(include_hidden=True):
        yield field.name
        if depth and isinstance(field.related_model, type):
            yield from (f"{field.name}__{below}" for below in paths(field.related_model, depth - 1))


@pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.model_name)
def test_no_column_of_any_model_can_be_filtered_unless_listed(model: type[models.Model]) -> None:
    model_admin = admin.site._registry[model]
    request = RequestFactory().get("/")
    assert isinstance(model_admin, PortalModelAdmin)
    open_ = {
        f"{path}{lookup}"
        for path in paths(model)
        for lookup in LOOKUPS
        if model_admin.lookup_allowed(f"{path}{lookup}", "x", request)
    }
    assert open_ == set(model_admin.allowed_lookups)


@pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.model_name)
def test_a_lookup_in_the_address_is_refused(annas: Client, make_app: Any, model: type[models.Model]) -> None:
    make_app()
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    for field in model._meta.get_fields():
        for lookup in LOOKUPS:
            response = annas.get(url, {f"{field.name}{lookup}": "v"})
            redirected = response.status_code == 302 and model._meta.model_name == "organization"
            assert response.status_code == 400 or redirected, (field.name, lookup)


@pytest.mark.parametrize(
    "query",
    [
        "client_secret__startswith=C", "secrets__sealed__startswith=v1", "secrets__fingerprint=A",
        "client_id__startswith=1",
        "enabled_by__startswith=p", "o=1", "q=x", "p=0", "all=", "_facets=True", "_to_field=client_id",
    ],
)  # fmt: skip
def test_the_integrations_page_takes_no_filters(annas: Client, query: str) -> None:
    assert annas.get(f"/admin/integrations/application/?{query}").status_code == 400


def test_a_hidden_column_is_no_key_of_another_form(annas: Client, make_app: Any) -> None:
    application: Application = make_app()
    url = f"/admin/integrations/application/{application.pk}/change/"
    assert annas.get(f"{url}?_to_field=client_id").status_code == 400


def test_no_list_searches_or_sorts_by_a_hidden_column() -> None:
    hidden = {"sealed", "password", "client_secret", "fingerprint"}
    for model, model_admin in admin.site._registry.items():
        searched = {name.lstrip("^=@").split("__")[0] for name in model_admin.search_fields}
        assert not searched & hidden, model
        assert not model_admin.sortable_by, model


def test_what_is_sealed_is_no_page_of_its_own() -> None:
    registered = {model._meta.model_name for model in OURS}
    assert registered == {
        "application", "auditevent", "company", "connection", "customer", "group", "organization", "user",
    }  # fmt: skip
    assert apps.get_model("integrations", "clientsecret") not in admin.site._registry


def test_autocomplete_answers_nobody(annas: Client) -> None:
    query = {"app_label": "integrations", "model_name": "clientsecret", "field_name": "application", "term": "a"}
    assert annas.get("/admin/autocomplete/", query).status_code in {403, 404}
