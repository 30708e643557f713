"""The tests' own database, for other processes."""

from urllib.parse import quote

from django.db import connection


def database_url() -> str:
    """Return its URL. Tests that give it away take ``transactional_db``, or nobody sees what they write."""
    options = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{options['NAME']}"
    values = {name: quote(str(value), safe="") for name, value in options.items() if name.isupper()}
    return "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**values)
