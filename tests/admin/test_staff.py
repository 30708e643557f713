"""Staff pages: who gives what to whom, what ends a session, and that somebody always remains."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test import Client

from integrations.models import AuditEvent, User
from integrations.rules.access import ADMINISTRATORS_ONLY, LAST, NOT_OWN, OWN_PASSWORD
from integrations.rules.roles import ROLES

pytestmark = pytest.mark.django_db
STAFF = "/admin/integrations/user/"
GROUPS = "/admin/auth/group/"
PASSWORD = "correct horse battery 9"
Hire = Callable[..., User]


@pytest.fixture
def hire(db: None) -> Hire:
    """Return a member of staff with these roles."""

    def make(name: str, *roles: str, **fields: Any) -> User:
        user: User = User.objects.create_user(name, password=PASSWORD, is_staff=True, **fields)
        groups = Group.objects.filter(name__in=roles)
        assert groups.count() == len(roles)
        user.groups.set(groups)
        return user

    return make


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def officer(hire: Hire) -> User:
    return hire("officer", "Security officer")


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def keys(*names: str) -> list[int]:
    return [Group.objects.get(name=name).pk for name in names]


def save(client: Client, user: User, **fields: Any) -> Any:
    """Send the form of an account; the ticks that are not named are off."""
    values = {"username": user.username, "first_name": "", "last_name": "", "email": "", **fields}
    return client.post(
        f"{STAFF}{user.pk}/change/", {name: value for name, value in values.items() if value is not None}
    )


def roles_of(user: User) -> set[str]:
    return set(user.groups.values_list("name", flat=True))


# --- What an officer gives ------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [role for role in ROLES if not role.guarded], ids=lambda role: role.name)
def test_an_officer_adds_somebody_and_gives_a_role(officer: User, role: Any) -> None:
    client = client_of(officer)
    answer = client.post(f"{STAFF}add/", {"username": "new", "password1": PASSWORD, "password2": PASSWORD})
    new = User.objects.get(username="new")
    assert answer.url == f"{STAFF}{new.pk}/change/"
    assert (new.is_staff, new.is_active, new.is_superuser, roles_of(new)) == (True, True, False, set())
    assert save(client, new, is_active="on", groups=keys(role.name)).status_code == 302
    assert roles_of(new) == {role.name}
    assert User.objects.get(pk=new.pk).has_perms(role.rights)


@pytest.mark.parametrize("role", [role for role in ROLES if role.guarded], ids=lambda role: role.name)
def test_the_guarded_roles_are_for_administrators_to_give(officer: User, hire: Hire, annas: Client, role: Any) -> None:
    colleague = hire("colleague", "Viewer")
    answer = save(client_of(officer), colleague, is_active="on", groups=keys(role.name))
    assert answer.status_code == 200
    assert "Only an administrator can give this" in text(answer)
    assert roles_of(colleague) == {"Viewer"}
    assert not AuditEvent.objects.exists()
    assert save(annas, colleague, is_active="on", groups=keys(role.name)).status_code == 302
    assert roles_of(colleague) == {role.name}


def test_a_guarded_role_is_shown_as_locked_and_can_be_taken_away(officer: User, hire: Hire) -> None:
    client, manager = client_of(officer), hire("manager", "Integrations manager", "Viewer")
    page = text(client.get(f"{STAFF}{hire('other').pk}/change/"))
    (locked, *_), (open_, *_) = keys("Integrations manager"), keys("Support")
    assert f'name="groups" value="{locked}" disabled' in page
    assert f'name="groups" value="{open_}" disabled' not in page
    assert f'name="groups" value="{open_}"' in page
    assert "Given by an administrator only." in page
    assert f'name="groups" value="{locked}" checked aria' in text(client.get(f"{STAFF}{manager.pk}/change/"))
    assert save(client, manager, is_active="on", groups=keys("Viewer")).status_code == 302
    assert roles_of(manager) == {"Viewer"}


def test_an_officer_keeps_what_he_may_not_give_beside_what_he_gives(officer: User, hire: Hire) -> None:
    manager = hire("manager", "Integrations manager")
    answer = save(client_of(officer), manager, is_active="on", groups=keys("Integrations manager", "Support"))
    assert answer.status_code == 302
    assert roles_of(manager) == {"Integrations manager", "Support"}


@pytest.mark.parametrize("right", ["set_keys", "enable_application", "claim_installation", "delete_application"])
def test_no_single_right_and_no_own_group_leads_to_keys(officer: User, hire: Hire, right: str) -> None:
    colleague, client = hire("colleague"), client_of(officer)
    row = Permission.objects.get(codename=right)
    group = Group.objects.create(name="Side door")
    group.permissions.add(row)
    for fields in ({"user_permissions": [row.pk]}, {"groups": [group.pk]}):
        answer = save(client, colleague, is_active="on", **fields)
        assert "Only an administrator can give this" in text(answer)
    assert not colleague.user_permissions.exists()
    assert not colleague.groups.exists()


def test_a_right_that_no_page_asks_for_cannot_be_given(annas: Client, hire: Hire) -> None:
    colleague = hire("colleague")
    row = Permission.objects.get(codename="add_permission")
    assert save(annas, colleague, is_active="on", user_permissions=[row.pk]).status_code == 200
    assert not colleague.user_permissions.exists()


def test_an_officer_makes_no_administrator(officer: User, hire: Hire) -> None:
    colleague = hire("colleague")
    client = client_of(officer)
    assert 'name="is_superuser"' not in text(client.get(f"{STAFF}{colleague.pk}/change/"))
    save(client, colleague, is_active="on", is_superuser="on", is_staff="on")
    colleague.refresh_from_db()
    assert not colleague.is_superuser


def test_an_officer_gives_himself_nothing_and_takes_nothing_from_himself(officer: User) -> None:
    client = client_of(officer)
    page = text(client.get(f"{STAFF}{officer.pk}/change/"))
    assert NOT_OWN in page
    for name in ("groups", "user_permissions", "is_active", "is_superuser"):
        assert f'name="{name}"' not in page
    row = Permission.objects.get(codename="connect")
    answer = save(client, officer, first_name="Olga", groups=keys("Support"), user_permissions=[row.pk])
    assert answer.status_code == 302
    officer.refresh_from_db()
    assert (officer.first_name, officer.is_active) == ("Olga", True)
    assert roles_of(officer) == {"Security officer"}
    assert not officer.user_permissions.exists()


def test_an_officer_changes_nothing_of_an_administrator(officer: User, anna: User) -> None:
    client = client_of(officer)
    assert "_save" not in text(client.get(f"{STAFF}{anna.pk}/change/"))
    for answer in (save(client, anna, email="me@evil.example"), client.get(f"{STAFF}{anna.pk}/password/")):
        assert answer.status_code == 403
        assert ADMINISTRATORS_ONLY in text(answer)
    anna.refresh_from_db()
    assert (anna.is_active, anna.is_superuser, anna.email) == (True, True, "")


# --- Passwords ------------------------------------------------------------------------------------------------


def set_password(client: Client, user: User) -> Any:
    password = "another horse battery 8"
    return client.post(f"{STAFF}{user.pk}/password/", {"password1": password, "password2": password})


def test_an_officer_sets_no_password_that_would_open_more(officer: User, hire: Hire) -> None:
    client, manager, supporter = client_of(officer), hire("manager", "Integrations manager"), hire("s", "Support")
    answer = set_password(client, manager)
    assert answer.status_code == 403
    assert "Only an administrator sets the password" in text(answer)
    assert "Set a new password" not in text(client.get(f"{STAFF}{manager.pk}/change/"))
    manager.refresh_from_db()
    assert manager.check_password(PASSWORD)
    assert "Set a new password" in text(client.get(f"{STAFF}{supporter.pk}/change/"))
    assert set_password(client, supporter).status_code == 302
    supporter.refresh_from_db()
    assert not supporter.check_password(PASSWORD)
    own = set_password(client, officer)
    assert own.status_code == 403
    assert OWN_PASSWORD in text(own)


def test_nobody_gets_a_password_that_the_sign_in_page_does_not_take(annas: Client, anna: User) -> None:
    long = "correct horse " * 300
    new = {"password1": long, "password2": long}
    own = {"old_password": "correct horse battery", "new_password1": long, "new_password2": long}
    for address, form in (
        (f"{STAFF}add/", {"username": "new", **new}), (f"{STAFF}{anna.pk}/password/", new),
        ("/admin/password_change/", own),
    ):  # fmt: skip
        assert "This password is too long" in text(annas.post(address, form)), address
    anna.refresh_from_db()
    assert anna.check_password("correct horse battery")
    assert not User.objects.filter(username="new").exists()


def test_a_password_cannot_be_taken_away(annas: Client, anna: User) -> None:
    assert "usable_password" not in text(annas.get(f"{STAFF}{anna.pk}/password/"))
    annas.post(f"{STAFF}{anna.pk}/password/", {"usable_password": "false", "unset-password": ""})
    anna.refresh_from_db()
    assert anna.has_usable_password()


# --- What ends a session --------------------------------------------------------------------------------------


def test_deactivating_ends_the_session_at_once(annas: Client, hire: Hire) -> None:
    colleague = hire("colleague", "Viewer")
    client = client_of(colleague)
    assert client.get("/admin/integrations/application/").status_code == 200
    assert save(annas, colleague, groups=keys("Viewer")).status_code == 302
    assert client.get("/admin/integrations/application/").url.startswith("/admin/login/")
    assert not client.login(username="colleague", password=PASSWORD)
    assert save(annas, colleague, is_active="on", groups=keys("Viewer")).status_code == 302
    assert client.login(username="colleague", password=PASSWORD)


def test_a_new_password_ends_the_sessions_of_whoever_used_the_old_one(annas: Client, hire: Hire) -> None:
    colleague = hire("colleague", "Viewer")
    first, second = client_of(colleague), client_of(colleague)
    set_password(annas, colleague)
    for client in (first, second):
        assert client.get("/admin/integrations/application/").url.startswith("/admin/login/")
    assert annas.get(STAFF).status_code == 200


def test_changing_ones_own_password_ends_the_other_sessions(hire: Hire) -> None:
    colleague = hire("colleague", "Viewer")
    here, elsewhere = client_of(colleague), client_of(colleague)
    new = "another horse battery 8"
    fields = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    assert here.post("/admin/password_change/", fields).status_code == 302
    assert here.get("/admin/integrations/application/").status_code == 200
    assert elsewhere.get("/admin/integrations/application/").url.startswith("/admin/login/")


def test_a_role_that_is_taken_away_is_gone_with_the_next_page(annas: Client, hire: Hire) -> None:
    colleague = hire("colleague", "Support")
    client = client_of(colleague)
    assert client.get("/admin/integrations/application/").status_code == 200
    save(annas, colleague, is_active="on")
    assert client.get("/admin/integrations/application/").status_code == 403


# --- Deactivated, never deleted ---------------------------------------------------------------------------------


def test_nobody_is_deleted_by_any_way(annas: Client, hire: Hire) -> None:
    colleague = hire("colleague")
    refused = annas.post(f"{STAFF}{colleague.pk}/delete/", {"post": "yes"})
    assert refused.status_code == 403
    assert "deactivated, never deleted" in text(refused)
    bulk = {"action": "delete_selected", "_selected_action": [str(colleague.pk)], "post": "yes"}
    assert annas.post(STAFF, bulk).status_code == 405
    assert "deletelink" not in text(annas.get(f"{STAFF}{colleague.pk}/change/"))
    assert User.objects.filter(pk=colleague.pk).exists()
    assert not Permission.objects.filter(codename__in=["delete_user", "delete_customer"]).exists()


@pytest.mark.parametrize("fields", [{"is_superuser": "on"}, {"is_active": "on"}, {}])
def test_the_last_active_administrator_stays(annas: Client, anna: User, hire: Hire, fields: dict[str, str]) -> None:
    hire("gone", is_superuser=True, is_active=False)
    answer = save(annas, anna, **fields)
    assert answer.status_code == 200
    assert LAST in text(answer)
    anna.refresh_from_db()
    assert (anna.is_active, anna.is_superuser) == (True, True)
    hire("second", is_superuser=True)
    assert save(annas, anna, **fields).status_code == 302


@pytest.mark.django_db(transaction=True)
def test_two_administrators_cannot_deactivate_each_other_at_once() -> None:
    pair = [User.objects.create_superuser(name, password=PASSWORD) for name in ("anna", "bert")]
    barrier = threading.Barrier(2)
    answers: list[int] = []

    def deactivate(one: User, other: User) -> None:
        try:
            client = client_of(one)
            barrier.wait(10)
            answers.append(save(client, other, is_superuser="on").status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=deactivate, args=args) for args in (pair, pair[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    # Whoever came second was refused: by the rule, or because he was signed out meanwhile.
    assert sorted(answers)[-1] == 302
    assert len(answers) == 2
    assert User.objects.filter(is_active=True, is_superuser=True).count() == 1


# --- Roles and groups -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_a_role_is_shown_in_words_and_locked_for_everybody(annas: Client, role: Any) -> None:
    (key,) = keys(role.name)
    page = text(annas.get(f"{GROUPS}{key}/change/"))
    assert role.description in page
    assert "_save" not in page
    assert "deletelink" not in page
    for answer in (
        annas.post(f"{GROUPS}{key}/change/", {"name": "Other", "permissions": []}),
        annas.post(f"{GROUPS}{key}/delete/", {"post": "yes"}),
    ):
        assert answer.status_code == 403
        assert "A role holds what this release gives it" in text(answer)
    assert Group.objects.get(pk=key).name == role.name


@pytest.mark.parametrize("name", ["Viewer", "viewer", " SUPPORT "])
def test_a_group_of_our_own_takes_no_name_of_a_role(annas: Client, name: str) -> None:
    answer = annas.post(f"{GROUPS}add/", {"name": name})
    assert "A role has this name" in text(answer) or "already exists" in text(answer)
    assert Group.objects.count() == len(ROLES)


def test_a_group_of_our_own_is_added_changed_and_deleted(annas: Client) -> None:
    right = Permission.objects.get(codename="view_company")
    annas.post(f"{GROUPS}add/", {"name": "Field team", "permissions": [right.pk]})
    group = Group.objects.get(name="Field team")
    assert list(group.permissions.all()) == [right]
    annas.post(f"{GROUPS}{group.pk}/change/", {"name": "Field", "permissions": []})
    assert not Group.objects.get(name="Field").permissions.exists()
    annas.post(f"{GROUPS}{group.pk}/delete/", {"post": "yes"})
    assert list(AuditEvent.objects.order_by("at").values_list("action", flat=True)) == [
        "group.added", "group.changed", "group.deleted",
    ]  # fmt: skip


def test_who_may_change_groups_puts_no_more_into_them_than_he_has(hire: Hire) -> None:
    grouper = hire("grouper")
    rows = Permission.objects.filter(codename__in=["change_group", "add_group", "view_group", "view_company"])
    grouper.user_permissions.set(rows)
    client = client_of(grouper)
    keys_right, company = (Permission.objects.get(codename=name) for name in ("set_keys", "view_company"))
    answer = client.post(f"{GROUPS}add/", {"name": "Mine", "permissions": [keys_right.pk]})
    assert "Only an administrator can give this" in text(answer)
    assert client.post(f"{GROUPS}add/", {"name": "Mine", "permissions": [company.pk]}).status_code == 302
    mine = Group.objects.get(name="Mine")
    grouper.groups.add(mine)
    answer = client.post(f"{GROUPS}{mine.pk}/change/", {"name": "Mine", "permissions": []})
    assert NOT_OWN in text(answer)


def test_the_list_of_staff_shows_roles_with_one_query_for_all(
    annas: Client, hire: Hire, django_assert_max_num_queries: Any
) -> None:
    def count() -> int:
        with django_assert_max_num_queries(20) as queries:
            page = text(annas.get(STAFF))
        assert "Security officer, Support" in page
        return len(queries)

    hire("first", "Support", "Security officer")
    once = count()
    for number in range(5):
        hire(f"more{number}", "Support", "Security officer")
    assert count() == once
