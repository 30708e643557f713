"""The times of the token protocol, shortened: minutes become seconds."""

import os
from typing import Final

LIFETIME: Final = 12
"""Seconds that an access token of this Exact lives; the next one is given after 95 % of them."""
LEASE: Final = 5
DEADLINE: Final = 3
EARLIEST: Final = LIFETIME * 0.95
VERIFYING_WITHIN: Final = 60
VARIABLES: Final = {"TOKEN_LEASE_SECONDS": str(LEASE), "TOKEN_DEADLINE_SECONDS": str(DEADLINE)}
SEEDS: Final = 1 if os.environ.get("CI") else 20
