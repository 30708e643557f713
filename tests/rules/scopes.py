"""Grids for the tests of the rules of scopes."""

from hypothesis import strategies as st

from integrations.exact.endpoints import ENDPOINTS, Endpoint
from integrations.exact.scopes import SCOPES, Level
from integrations.rules.reach import Endpoints

GRIDS = st.dictionaries(st.sampled_from(SCOPES), st.sampled_from(Level))


def endpoint(path: str) -> Endpoint:
    return next(one for one in ENDPOINTS if one.path == path)


def paths(endpoints: Endpoints) -> list[str]:
    return [one.path for one in endpoints]
