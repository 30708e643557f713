"""What must hold of sign-ins, holds in the database."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from integrations.models import FamiliarNetwork, SignInTally, User

pytestmark = pytest.mark.django_db


def make_tally(**fields: Any) -> SignInTally:
    return SignInTally.objects.create(**{"mark": "a" * 64, "since": timezone.now(), **fields})


def make_network(**fields: Any) -> FamiliarNetwork:
    user, _ = User.objects.get_or_create(username="eva")
    return FamiliarNetwork.objects.create(**{"user": user, "network": "203.0.113.7", **fields})


CASES: list[tuple[str, Callable[..., Any], dict[str, Any]]] = [
    ("sign_in_tally_mark_is_a_hash", make_tally, {"mark": "anna"}),
    ("sign_in_tally_mark_is_a_hash", make_tally, {"mark": ""}),
    ("failures", make_tally, {"failures": -1}),
    ("familiar_network_is_named", make_network, {"network": ""}),
]


@pytest.mark.parametrize(("name", "make", "fields"), CASES)
def test_a_row_that_breaks_a_constraint_is_refused(name: str, make: Callable[..., Any], fields: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        make(**fields)


def test_every_check_constraint_has_a_case() -> None:
    ours = (SignInTally, FamiliarNetwork)
    checks = {c.name for model in ours for c in model._meta.constraints if type(c).__name__ == "CheckConstraint"}
    assert checks == {name for name, _, _ in CASES} - {"failures"}


def test_a_network_is_familiar_once_to_each_account() -> None:
    make_network()
    make_network(user=User.objects.create(username="max"))
    with pytest.raises(IntegrityError), transaction.atomic():
        make_network()


def test_the_sessions_of_who_is_deactivated_do_not_come_back() -> None:
    user = User.objects.create_user("eva", password="correct horse battery")
    before = user.get_session_auth_hash()
    user.save()
    assert user.get_session_auth_hash() == before
    user.is_active = False
    user.save(update_fields=["is_active"])
    user.is_active = True
    user.save()
    assert User.objects.get(username="eva").get_session_auth_hash() != before
