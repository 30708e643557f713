"""Link pages are not made where Exact would refuse whoever opens them: one rule with testing the keys and enabling."""

from collections.abc import Callable

import pytest
from django.test import Client

from integrations.models import Application, LinkPage
from integrations.services import applications, links
from integrations.services.refusals import Refused
from tests import customers
from tests.conftest import SOMEBODY

pytestmark = pytest.mark.django_db
MakeApp = Callable[..., Application]


def test_what_exact_would_refuse_makes_no_link_page(make_real_app: MakeApp) -> None:
    application = make_real_app(enable=True)
    applications.register(application, application.redirect_uri[:-1], by=SOMEBODY)
    with pytest.raises(Refused, match="The Redirect URL at Exact is not the one that the portal sends"):
        links.make(application, by=SOMEBODY)
    assert not LinkPage.objects.exists()


def test_an_open_page_waits_until_it_is_mended_and_tells_outsiders_no_more(
    make_real_app: MakeApp, client: Client
) -> None:
    application = make_real_app(enable=True)
    made = links.make(application, by=SOMEBODY)
    applications.register(application, application.redirect_uri[:-1], by=SOMEBODY)
    answer = client.get(made.path)
    assert answer.status_code == 410
    assert links.NOT_NOW in answer.content.decode()
    assert "Redirect URL" not in answer.content.decode()
    applications.register(application, application.redirect_uri, by=SOMEBODY)
    assert client.get(made.path).status_code == 200


def test_a_testing_app_makes_link_pages_for_us_only(make_app: MakeApp, annas: Client) -> None:
    application, customer = make_app(kind="testing", enable=True), customers.add()
    with pytest.raises(Refused, match="Use a product app"):
        links.make(application, by=SOMEBODY, customer=customer)
    links.make(application, by=SOMEBODY)
    page = annas.get(f"/admin/integrations/customer/{customer.pk}/link/").content.decode()
    assert "No product app is enabled" in page
