"""Staff pages: one module per thing staff look at."""

from integrations.admin import activity, applications, connections, customers, organization, staff

__all__ = ["activity", "applications", "connections", "customers", "organization", "staff"]
