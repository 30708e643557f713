"""The Django app; its folders are its floors, and imports only point down (docs/architecture.md)."""

from typing import Final

__version__: Final = "0.1.0.dev0"
"""Of the portal, as CHANGELOG.md names its releases."""
