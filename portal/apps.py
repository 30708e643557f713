"""Puts the portal's own admin site in the place of Django's."""

from django.contrib.admin.apps import AdminConfig


class PortalAdminConfig(AdminConfig):
    # The site stands outside `integrations`: inside the package that registers the models it would be
    # imported while it is being made, be made twice, and lose the models.
    default_site = "portal.site.PortalSite"
