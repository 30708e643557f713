"""Emergency stop, archive and deletion: who depends on an app, and what becomes of it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations.models import Application, AuditEvent, ClientSecret, Connection, User
from integrations.rules import wording
from integrations.rules.actors import Actor
from integrations.rules.app_states import State
from integrations.services import app_states, applications, links
from integrations.services.refusals import Refused
from integrations.services.rights import NotPermitted
from tests import customers
from tests.conftest import SOMEBODY

pytestmark = pytest.mark.django_db
MakeApp = Callable[..., Application]
STATES: dict[str, Callable[[Application], None]] = {
    "stopped": lambda app: app_states.stop(app, by=SOMEBODY),
    "lifted": lambda app: app_states.lift(app, by=SOMEBODY),
    "archived": lambda app: app_states.archive(app, by=SOMEBODY),
    "restored": lambda app: app_states.restore(app, by=SOMEBODY),
}


def last_action() -> str:
    return AuditEvent.objects.latest("at").action


def test_each_verb_leads_to_its_state_with_one_event_that_has_words(make_app: MakeApp) -> None:
    application = make_app(enable=True)
    found = []
    for action, verb in STATES.items():
        before = AuditEvent.objects.count()
        verb(application)
        assert AuditEvent.objects.count() == before + 1
        assert last_action() == f"application.{action}"
        assert last_action() in wording.ACTIONS
        found.append(applications.state(application))
    assert found == [State.STOPPED, State.DISABLED, State.ARCHIVED, State.DISABLED]


def test_a_stop_says_who_pressed_it_and_disables(make_app: MakeApp, anna: User) -> None:
    application, by = make_app(enable=True), Actor.person(anna.pk)
    app_states.stop(application, by=by)
    assert application.stopped_by == str(by)
    assert (application.is_enabled, application.enabled_by) == (False, "")
    with pytest.raises(Refused, match="Lift the stop first"):
        applications.enable(application, by=by)


def test_the_same_again_is_refused_and_changes_nothing(make_app: MakeApp) -> None:
    application = make_app()
    app_states.stop(application, by=SOMEBODY)
    before = list(Application.objects.values())
    with pytest.raises(Refused, match="already"):
        app_states.stop(application, by=SOMEBODY)
    assert list(Application.objects.values()) == before


def test_after_the_stop_every_living_connection_is_kept_alive_at_once(make_app: MakeApp) -> None:
    application = make_app(enable=True)
    connection = customers.connect(application)
    app_states.stop(application, by=SOMEBODY)
    app_states.lift(application, by=SOMEBODY)
    assert Connection.objects.get(pk=connection.pk).next_check_at <= timezone.now()


def test_an_app_with_a_living_connection_is_not_archived(make_app: MakeApp) -> None:
    application = make_app()
    customers.connect(application)
    with pytest.raises(Refused, match="1 connection lives through it"):
        app_states.archive(application, by=SOMEBODY)
    application.connections.update(status="reconnect", refresh_token="", next_check_at=None)
    app_states.archive(application, by=SOMEBODY)
    assert application.is_archived


def test_an_app_made_by_mistake_is_deleted_with_its_keys(make_app: MakeApp) -> None:
    app_states.remove(make_app(), by=SOMEBODY)
    assert not Application.objects.exists()
    assert not ClientSecret.objects.exists()
    assert last_action() == "application.deleted"


def test_an_enabled_app_is_not_deleted(make_app: MakeApp) -> None:
    with pytest.raises(Refused, match="Disable it first"):
        app_states.remove(make_app(enable=True), by=SOMEBODY)


def test_an_app_that_ever_had_a_connection_is_not_deleted(make_app: MakeApp) -> None:
    application = make_app()
    connection = customers.connect(application, status="disconnected")
    with pytest.raises(Refused, match="It has had connections"):
        app_states.remove(application, by=SOMEBODY)
    assert Connection.objects.get() == connection


def test_who_depends_on_an_app_is_said_by_name(make_app: MakeApp) -> None:
    application = make_app(enable=True)
    customers.connected(application, "Jansen BV", 100, companies=2)
    customers.reach(customers.connect(application, "Ourselves"), None, 300)
    gone = customers.connect(application, "Gone", status="disconnected")
    customers.reach(gone, customers.add("Bakker"), 400)
    links.make(application, by=SOMEBODY)
    first = timezone.now() - timedelta(days=20)
    Connection.objects.update(token_answered_at=timezone.now())
    Connection.objects.filter(full_name="User 100").update(token_answered_at=first)
    effects = app_states.effects(application)
    assert (effects.customers, effects.ourselves) == (("Jansen BV",), True)
    assert (effects.standing.live_connections, effects.open_links, effects.cuts_off) == (2, 1, True)
    assert effects.reconnect_from == first + timedelta(days=30)


def test_two_customers_of_one_name_are_two(make_app: MakeApp) -> None:
    application = make_app(enable=True)
    for division in (100, 200):
        customers.connected(application, "Jansen BV", division)
    effects = app_states.effects(application)
    assert (effects.customers, effects.ourselves) == (("Jansen BV", "Jansen BV"), False)


def test_nobody_depends_on_a_new_app(make_app: MakeApp) -> None:
    effects = app_states.effects(make_app())
    assert (effects.customers, effects.reconnect_from, effects.cuts_off) == ((), None, False)
    assert effects.why_not_deleted == ()


def test_the_queries_do_not_grow_with_what_depends_on_it(make_app: MakeApp, django_assert_num_queries: Any) -> None:
    application = make_app(enable=True)

    def count() -> int:
        with django_assert_num_queries(16, exact=False) as captured:  # type: ignore[call-arg]
            app_states.effects(application)
        return len(captured)

    customers.connected(application, "One", 100)
    one = count()
    for number in range(30):
        customers.connected(application, f"Customer {number}", 1000 + 10 * number)
    assert count() == one


@pytest.mark.parametrize("verb", [*STATES.values()])
def test_whoever_has_no_right_to_it_is_refused(make_app: MakeApp, verb: Any) -> None:
    application = make_app()
    nobody = Actor.person(User.objects.create_user("bob", is_staff=True).pk)
    with pytest.raises(NotPermitted):
        app_states.stop(application, by=nobody)
    assert not Application.objects.get().is_stopped
