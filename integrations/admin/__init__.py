"""Staff pages: one module per thing staff look at."""

from integrations.admin import activity, applications, organization, staff

__all__ = ["activity", "applications", "organization", "staff"]
