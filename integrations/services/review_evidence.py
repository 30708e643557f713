"""The evidence of one round: everything that an auditor may ask for, in one ZIP. No secret is in it."""

from integrations.models import Review
from integrations.rules.actors import Actor


def pack(review: Review, *, by: Actor) -> bytes:
    """Return the ZIP, and record who took it."""
    raise NotImplementedError
