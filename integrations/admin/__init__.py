"""Staff pages: one module per thing staff look at."""

from integrations.admin import activity, applications, connections, organization, staff

__all__ = ["activity", "applications", "connections", "organization", "staff"]
