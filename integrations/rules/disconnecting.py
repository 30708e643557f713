"""Whether a connection can be disconnected, and whether another can take its place."""


def why_not(status: str) -> tuple[str, ...]:
    """Return why a connection of this status cannot be disconnected."""
    if status == "disconnected":
        return ("The connection is disconnected already.",)
    if status == "pending":
        return ("The connection is still being set up. It goes by itself where nobody finishes it.",)
    return ()


def why_not_replaced(status: str) -> tuple[str, ...]:
    """Return why no other user can take the place of a connection of this status."""
    if status == "disconnected":
        return ("The connection is disconnected: there is nothing to replace. Make a link page instead.",)
    if status == "pending":
        return ("The connection is still being set up.",)
    return ()
