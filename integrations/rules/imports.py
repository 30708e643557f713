"""Why Exact does not take a refresh token that was brought from a former system, and what to do then."""

from typing import Final

NOT_THE_NEWEST: Final = "NotTheNewest"
RAN_OUT: Final = "RanOut"
_NOT_TAKEN: Final = "Exact does not take this refresh token for this app: "
_NEWEST: Final = (
    "Stop the former system, copy the newest token that it holds, whole, and import that one. Where Exact does not "
    "take that one either, make a link page: only a new consent helps then."
)
_WHY: Final = {
    "ChainReplaced": (
        _NOT_TAKEN + "it does not know it as the newest one. It was mistyped or not copied whole, or it has been used "
        "since, as by the former system.",
        _NEWEST,
    ),
    "OldRefreshToken": (
        _NOT_TAKEN + "it was used already, and works once. Whoever used it, as the former system, has a newer one.",
        _NEWEST,
    ),
    "RefreshTokenExpired": (
        _NOT_TAKEN + "it was not used for 30 days, which ends a connection.",
        "Make a link page: only a new consent helps.",
    ),
}


def why_not_taken(error: str, said: str) -> tuple[str, ...]:
    """Return what happened and what to do, for the name of an error of Exact; ``said``: what else is known of it."""
    return _WHY.get(error, (_NOT_TAKEN + said,))


def cause(error: str) -> str:
    """Return the name under which the end of an import is kept: what ends a connection that was replaced is, of a
    token that was brought, that it is not the newest."""
    return NOT_THE_NEWEST if error == "ChainReplaced" else error
