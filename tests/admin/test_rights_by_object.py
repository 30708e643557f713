"""Rights below the level of pages: lookups, popups, fields that are slipped in, history, bulk actions; by role."""

from typing import Any, Final

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission

from integrations.models import Application, AuditEvent, Connection, Customer, User
from integrations.rules.roles import ROLES
from tests.furnished import ADMINISTRATOR, NO_ROLE, House, furnish

pytestmark = pytest.mark.django_db
SIGNED_IN: Final = (NO_ROLE, *(role.name for role in ROLES), ADMINISTRATOR)
PEEKS: Final = (
    "client_secret__startswith=x", "secrets__sealed__startswith=v1", "refresh_token__startswith=v1",
    "connection__refresh_token__isnull=0", "password__startswith=md5", "user__password__contains=a",
    "groups__name=Support", "user_permissions__codename=set_keys", "details__contains=a", "_to_field=password",
    "_to_field=client_id", "application__client_id=1", "customer__name=J",
)  # fmt: skip


@pytest.fixture
def house(db: None) -> House:
    return furnish()


def lists() -> list[str]:
    return [f"/admin/{model._meta.app_label}/{model._meta.model_name}/" for model in admin.site._registry]


@pytest.mark.parametrize("name", SIGNED_IN)
def test_no_role_reads_a_column_through_the_address(house: House, name: str) -> None:
    client = house.client(name)
    for address in lists():
        for query in PEEKS:
            response: Any = client.get(f"{address}?{query}")
            to_the_one_row = response.status_code == 302 and "organization" in address
            assert response.status_code in {400, 403} or to_the_one_row, (name, address, query)


@pytest.mark.parametrize("name", SIGNED_IN)
def test_a_popup_is_as_closed_as_its_page(house: House, name: str) -> None:
    client = house.client(name)
    for address in lists():
        for page in ("", "add/"):
            plain, popup = client.get(f"{address}{page}"), client.get(f"{address}{page}?_popup=1")
            # Lists of ours that lead elsewhere take no query at all.
            assert popup.status_code == plain.status_code or popup.status_code == 400, (name, address, page)


@pytest.mark.parametrize("name", SIGNED_IN)
def test_autocomplete_answers_no_role(house: House, name: str) -> None:
    for model, field in (("clientsecret", "application"), ("company", "customer"), ("user", "groups")):
        query = {"app_label": "integrations", "model_name": model, "field_name": field, "term": "a"}
        assert house.client(name).get("/admin/autocomplete/", query).status_code == 404


@pytest.mark.parametrize("name", SIGNED_IN)
def test_nothing_is_done_to_many_rows_at_once(house: House, name: str) -> None:
    models = (User, Application, Connection, Customer, AuditEvent)
    before = [model.objects.count() for model in models]
    for model in admin.site._registry:
        address = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        keys = [str(key) for key in model._default_manager.values_list("pk", flat=True)]
        bulk = {"action": "delete_selected", "_selected_action": keys, "post": "yes"}
        assert house.client(name).post(address, bulk).status_code in {403, 405}, (name, address)
    assert [model.objects.count() for model in models] == before


@pytest.mark.parametrize("name", [name for name in SIGNED_IN if name not in {"Integrations manager", ADMINISTRATOR}])
def test_only_a_manager_gets_a_key_past_the_form(house: House, name: str) -> None:
    before = Application.objects.values().order_by("pk")
    rows, secrets = list(before), list(house.ready.secrets.values())
    fields = {"name": "Taken", "client_id": "9b0a6d1e-9c0f-4f55-8d2b-6a54c1f1a009", "client_secret": "another1secret"}
    for page in ("add/", f"{house.ready.pk}/change/"):
        address = f"/admin/integrations/application/{page}"
        assert house.client(name).post(address, {**fields, "region": "nl", "kind": "product"}).status_code == 403
    assert (list(before.all()), list(house.ready.secrets.values())) == (rows, secrets)


def test_the_history_of_a_row_is_for_who_may_see_the_row(house: House) -> None:
    """Also of one that is not there: its absence is told to nobody else."""
    gone = "11111111-1111-4111-8111-111111111111"
    for model, keys in (("user", (house.colleague.pk, gone)), ("company", (house.company.pk, gone))):
        for key in keys:
            address = f"/admin/integrations/{model}/{key}/history/"
            assert house.client("Operator").get(address).status_code == 403
            assert house.client("Security officer").get(address).status_code == (302 if key == gone else 200)


def test_a_single_right_opens_its_page_and_no_other(house: House) -> None:
    """What somebody holds besides roles counts in the same way."""
    user = house.users[NO_ROLE]
    user.user_permissions.set(Permission.objects.filter(codename="view_auditevent"))
    client = house.client(NO_ROLE)
    assert client.get("/admin/").url == "/admin/integrations/auditevent/"
    assert client.get("/admin/integrations/auditevent/").status_code == 200
    assert client.get("/admin/integrations/application/").status_code == 403
