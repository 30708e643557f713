"""The settings of tests for another installation on the same database."""

from tests.settings import *  # noqa: F403

INSTALLATION_ID = "beside-installation"
