"""A house in which there is one of everything, and somebody of every role; and the URLs that lead through it."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final
from uuid import uuid4

from django.conf import settings
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from integrations.models import (
    Access,
    Application,
    AuditEvent,
    Company,
    Connection,
    ConnectionCheck,
    Customer,
    LibraryAnswer,
    LinkPage,
    Organization,
    OrganizationLogo,
    ReviewerQuestion,
    UsageWindow,
    User,
)
from integrations.rules.actors import Actor
from integrations.rules.images import Picture
from integrations.rules.journey import Step
from integrations.rules.roles import ROLES
from integrations.services import (
    answers,
    applications,
    calendar_feeds,
    customers,
    heartbeats,
    links,
    logos,
    reviewer_questions,
    secrets,
)
from tests.permission import granted
from tests.pictures import png
from tests.reviews import drafted, taken

BY: Final = Actor.command("tests")
PIXEL: Final = png(1, 1)
STEP: Final = "<slug:step>"
ANONYMOUS, NO_ROLE, ADMINISTRATOR = "anonymous", "no role", "administrator"
PEOPLE: Final = (ANONYMOUS, NO_ROLE, *(role.name for role in ROLES), ADMINISTRATOR)


@dataclass
class House:
    """The rows that addresses need, and the sessions of those who ask."""

    enabled: Application
    ready: Application
    connection: Connection
    company: Company
    customer: Customer
    event: AuditEvent
    group: Group
    token: str
    feed: str
    users: dict[str, User]
    colleague: User
    sessions: dict[str, str] = field(default_factory=dict)

    @cached_property
    def organization(self) -> Organization:
        return Organization.objects.get()

    @cached_property
    def digest(self) -> str:
        return OrganizationLogo.objects.get().digest

    @cached_property
    def link(self) -> Any:
        return LinkPage.objects.get(customer=self.customer).pk

    @cached_property
    def question(self) -> Any:
        return ReviewerQuestion.objects.get().pk

    @cached_property
    def answer(self) -> Any:
        return LibraryAnswer.objects.get().pk

    def client(self, name: str) -> Client:
        """Return a fresh client with the session of this person."""
        client = Client()
        if name != ANONYMOUS:
            if name not in self.sessions:
                client.force_login(self.users[name])
                self.sessions[name] = client.cookies[settings.SESSION_COOKIE_NAME].value
            client.cookies[settings.SESSION_COOKIE_NAME] = self.sessions[name]
        return client

    def addresses(self, route: str) -> list[str]:
        """Return every address of a route: of one with steps there are several."""
        steps = [str(step) for step in Step] if STEP in route else [""]
        return [self.address(route.replace(STEP, step)) for step in steps]

    def address(self, route: str, target: Any = None) -> str:
        """Fill in a route of the URL conf; a route that needs what the house has not is an error.

        Raises:
            KeyError: nobody said which row stands for it.
        """
        values = {
            "<str:token>": self.feed if route.startswith("calendar/") else self.token,
            "<str:digest>": self.digest,
            "<uuid:application_id>": self.enabled.pk,
            "<path:content_type_id>": ContentType.objects.get_for_model(Application).pk,
            "^(?P<app_label>integrations|auth)/$": "integrations/",
            "(?P<url>.*)$": "nowhere",
            STEP: Step.NAME,
            "<int:number>": 2 if route.endswith("/form/") else 1,
            "<slug:code>": "approve",
            "<uuid:question>": self.question,
            "<uuid:link>": self.link,
            "<uuid:answer>": self.answer,
            "<uuid:pk>": target or self._row(route),
            "<path:object_id>": target or self._row(route),
            "<id>": target or self._row(route),
        }
        for argument, value in values.items():
            if argument in route:
                if value is None:
                    raise KeyError(f"Which row stands for {argument} in {route}?")
                route = route.replace(argument, str(value))
        if set("<>^$(?") & set(route):
            raise KeyError(f"What stands for the argument in {route}?")
        return f"/{route}"

    def _row(self, route: str) -> Any:
        used_while_enabled = route.endswith(("/disable/", "/connect/"))
        rows = {
            "admin/integrations/application/": self.enabled if used_while_enabled else self.ready,
            "admin/integrations/connection/": self.connection,
            "admin/integrations/company/": self.company,
            "admin/integrations/customer/": self.customer,
            "admin/integrations/auditevent/": self.event,
            "admin/integrations/user/": self.colleague,
            "admin/auth/group/": self.group,
            "admin/integrations/organization/": self.organization,
            "admin/r/": self.ready,
        }
        return next((row.pk for prefix, row in rows.items() if route.startswith(prefix)), None)


def furnish() -> House:
    """Fill an empty database; nothing of it leads to Exact."""
    enabled, ready, cut_off = (_app(name) for name in ("Meridian", "Meridian ready", "Meridian cut off"))
    applications.enable(granted(enabled), by=BY)
    applications.add(Application(region="uk", kind="testing", name="Begun"), by=BY)
    for process in heartbeats.Process:
        heartbeats.beat(process)
    customer = customers.named("Jansen BV", by=BY)
    # Its app is disabled: a check of it finds that out, and sends nothing.
    connection = Connection.objects.create(
        application=cut_off, status="connected", exact_user_id="u1", full_name="Alex", refresh_token="v1.k.x"
    )
    company = Company.objects.create(application=cut_off, division=123456, name="Jansen BV", customer=customer)
    access = Access.objects.create(company=company, connection=connection)
    Company.objects.filter(pk=company.pk).update(primary_access=access)
    ConnectionCheck.objects.create(connection=connection, milliseconds=12, ok=True, evidence=["GET Me 200"], calls=1)
    UsageWindow.objects.get_or_create(application=cut_off, division=company.division)
    made = links.make(enabled, by=BY, customer=customer)
    organization = Organization.objects.create(name="Meridian", support_email="help@meridian.example")
    logos.keep(organization, Picture(PIXEL, "image/png", 1, 1))
    _reviewed(ready)
    group = Group.objects.create(name="Field team")
    group.permissions.set(Permission.objects.filter(codename="view_application"))
    event = AuditEvent.objects.record("organization.added", organization, by=BY)
    users = {name: _user(name) for name in PEOPLE if name != ANONYMOUS}
    colleague = User.objects.create_user("colleague", password="x", is_staff=True)
    person = users[ADMINISTRATOR]
    feed = calendar_feeds.make(person, by=Actor.person(person.pk)).token
    return House(enabled, ready, connection, company, customer, event, group, made.token, feed, users, colleague)


@contextmanager
def undone() -> Iterator[None]:
    """Let nothing stay of what is done within; the wire takes it for the transaction of the test itself."""
    block = transaction.atomic()
    block._from_testcase = True
    with block:
        yield
        transaction.set_rollback(True)


def routes(patterns: Iterable[Any] | None = None, before: str = "") -> Iterator[str]:
    """Yield every route of the project, as the URL conf writes it."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = f"{before}{pattern.pattern}"
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        else:
            assert isinstance(pattern, URLPattern)
            yield route


def _reviewed(application: Application) -> None:
    """Let Exact have asked about the first round and rejected it, so that there is one of every kind."""
    review = taken(drafted(application), "submit")
    reviewer_questions.ask(review, "Where is the data kept?", by=BY, asked_on=timezone.localdate())
    taken(review, "reject")
    answers.add(LibraryAnswer(number=4, name="Encryption", answer="yes", explanation="TLS."), by=BY)


def _app(name: str) -> Application:
    application = Application(region="nl", kind="product", name=name, client_id=str(uuid4()))
    applications.add(application, by=BY)
    secrets.set(application, f"xQ7p{uuid4().hex}", by=BY)  # each its own: the same one twice is worth a look
    return application


def _user(name: str) -> User:
    user: User = User.objects.create_user(
        name.replace(" ", "_"), password="x", is_staff=True, is_superuser=name == ADMINISTRATOR
    )
    user.groups.set(Group.objects.filter(name=name))
    return user
