"""Exact's 403 for want of a scope: "Application Scope Violated. Cannot read 'organization.administration' scope."

Asked where the answer is read, and again where what was kept of it is: one pattern for both.
"""

import re
from typing import Final

_VIOLATED: Final = "application scope violated"
_NAMED: Final = re.compile(r"cannot (\w{1,20}) '([\w.]{1,80})' scope")


def is_one(said: str) -> bool:
    """Tell whether the text says that an app lacks an approved scope."""
    return _VIOLATED in said.lower()


def named(said: str) -> tuple[str, str]:
    """Return Exact's word for what was tried and the scope, in lower case; both empty where it does not say."""
    found = _NAMED.search(said.lower())
    return (found[1], found[2]) if found else ("", "")
