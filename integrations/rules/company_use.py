"""Which of the companies that a connection reaches we use: what a consent proposes, and what people may choose."""

from collections.abc import Collection
from typing import Final

USED: Final = "used"
NOT_USED: Final = "not_used"
TO_CONFIRM: Final = "to_confirm"
FEW: Final = 5
"""So many companies of one consent are all used; of more, somebody chooses."""


def proposed(new: Collection[int], *, consented: bool, relinked: bool, current: int | None) -> dict[int, str]:
    """Return the use of each company that the app had not met before, by its number.

    ``consented``: a user has just consented; else a check found them. ``relinked``: whom the consent is for was
    connected before, so that another company is a surprise. ``current``: the one in which the user works.
    """
    if not consented:
        return dict.fromkeys(new, NOT_USED)
    if relinked:
        return dict.fromkeys(new, TO_CONFIRM)
    if len(new) <= FEW:
        return dict.fromkeys(new, USED)
    return {division: USED if division == current else NOT_USED for division in new}


def why_not_chosen(offered: Collection[str], chosen: Collection[str]) -> tuple[str, ...]:
    """Return why the choice cannot be kept: only what is offered can be chosen."""
    if not offered:
        return ("There is no company to choose.",)
    if not set(chosen) <= set(offered):
        return ("One of these companies cannot be chosen here. Load the page again and choose from what it lists.",)
    return ()


def why_not_turned(*, use: str, to: str, erased: bool) -> tuple[str, ...]:
    """Return why a company cannot be used, or not be used, from now on."""
    already = {USED: "The company is used already.", NOT_USED: "The company is not used already."}
    conditions = (
        (use == to, already[to]),
        (erased and to == USED, "The company's customer is erased."),
    )
    return tuple(reason for unmet, reason in conditions if unmet)


def is_nobodys(*, owned: bool, use: str, for_customers: bool) -> bool:
    """Tell whether nobody has said yet whose a company is. One without a customer is our own where it is used, or
    where only consents of ours reach it; what a customer's consent brought beside is neither.

    ``owned``: it is a customer's. ``for_customers``: a connection that reaches it serves customers.
    """
    return not owned and use != USED and for_customers


def not_granted(company: str, user: str) -> str:
    """Return whom to ask for what, where Exact says that the company is not within the consent's scope."""
    who = user or "the user who connected"
    return (
        f"Exact refuses {company}: that company was not ticked when {who} consented. Open the link page again as "
        f"{who} and tick {company}. Which apps a company is open to stands in Exact's Security Centre, at "
        "Import/Export → App permissions."
    )
