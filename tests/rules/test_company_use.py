"""Which companies a consent proposes to use, and what can be chosen."""

import pytest

from integrations.rules import company_use as rules

FIVE, SIX = [1, 2, 3, 4, 5], [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("new", "consented", "relinked", "current", "used"),
    [
        (FIVE, True, False, None, ["used"] * 5),
        (SIX, True, False, 2, ["not_used", "used", *["not_used"] * 4]),
        (SIX, True, False, 99, ["not_used"] * 6),
        (FIVE, True, True, 1, ["to_confirm"] * 5),
        ([1], False, False, 1, ["not_used"]),
    ],
)
def test_the_use_that_a_consent_proposes(
    new: list[int], consented: bool, relinked: bool, current: int | None, used: list[str]
) -> None:
    found = rules.proposed(new, consented=consented, relinked=relinked, current=current)
    assert found == dict(zip(new, used, strict=True))


def test_only_what_is_offered_can_be_chosen() -> None:
    assert rules.why_not_chosen(["a", "b"], ["a"]) == rules.why_not_chosen(["a"], []) == ()
    assert "cannot be chosen here" in rules.why_not_chosen(["a"], ["a", "b"])[0]
    assert rules.why_not_chosen([], []) == ("There is no company to choose.",)


def test_a_company_is_turned_to_another_use_only_and_an_erased_customers_to_none() -> None:
    assert rules.why_not_turned(use="to_confirm", to="used", erased=False) == ()
    assert rules.why_not_turned(use="used", to="used", erased=False) == ("The company is used already.",)
    assert rules.why_not_turned(use="not_used", to="used", erased=True) == ("The company's customer is erased.",)
    assert rules.why_not_turned(use="used", to="not_used", erased=True) == ()


def test_who_must_tick_what_and_where_is_said() -> None:
    said = rules.not_granted("Jansen BV (123456)", "Alex Accountant")
    assert all(word in said for word in ("Jansen BV (123456)", "Alex Accountant", "Import/Export → App permissions"))
