"""How an app now differs from what Exact approved: what saving here, or at Exact, has not made true.

A draft that says something else than the last approved round is no drift: a next round is what drafts are for.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from integrations.exact.scopes import SCOPES
from integrations.rules.scope_grids import Grid, level
from integrations.rules.submissions import TEXTS, Submission

COMPARED: Final = ("app_name", "client_id", "region", "redirect_url", "registered_redirect_url")
"""Of the app. What stood nowhere when it was submitted is not compared."""


@dataclass(frozen=True, slots=True)
class Present:
    """The app as it is now."""

    texts: Mapping[str, str]
    """Each of ``COMPARED``."""
    selected: Grid
    """Empty where nobody has selected any scope here yet, or not any more."""


def drift(now: Present, *, approved: Grid | None, sent: Submission | None) -> tuple[str, ...]:
    """Return every difference in a sentence; none where nothing was approved.

    ``approved``: the scopes that hold. ``sent``: the last round that Exact approved, where it was recorded here.
    """
    found = [] if sent is None else [*_texts(now.texts, sent)]
    # No round goes out without a scope: after one, an empty grid was emptied on purpose.
    if approved is not None and (now.selected or sent is not None):
        found += _scopes(now.selected, approved)
    return tuple(found)


def _texts(now: Mapping[str, str], sent: Submission) -> Iterator[str]:
    for name in COMPARED:
        then = getattr(sent, name)
        if then and now[name] != then:
            is_now = f"is “{now[name]}” now" if now[name] else "is gone"
            yield f"{TEXTS[name]} {is_now}; Exact approved “{then}”."


def _scopes(selected: Grid, approved: Grid) -> Iterator[str]:
    wanted = [scope for scope in SCOPES if level(selected, scope).rank > level(approved, scope).rank]
    spare = [scope for scope in SCOPES if level(selected, scope).rank < level(approved, scope).rank]
    if wanted:
        more = ", ".join(f"{scope} at {level(selected, scope).capitalize()}" for scope in wanted)
        yield f"Selected, and not approved: {more}. It has no effect until Exact approves a round with it."
    if spare:
        less = ", ".join(f"{scope} at {level(approved, scope).capitalize()}" for scope in spare)
        yield f"Approved, and no longer selected so far: {less}."
