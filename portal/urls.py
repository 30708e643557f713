"""The URLs of the portal. Those named in docs/architecture.md hold still."""

from django.contrib import admin
from django.urls import path
from django.views.generic import RedirectView

from integrations.admin import claiming, key_copies, portal, real_account, retention, search
from integrations.views import calendar, choosing, connect, errors, health, logo, signing_in

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("health/live", health.live, name="health-live"),
    path("health/ready", health.ready, name="health-ready"),
    path("connect/result/", connect.result, name="connect-result"),
    path("connect/companies/", choosing.choose, name="choose-companies-of-consent"),
    path("connect/logo/<str:digest>/", logo.logo, name="logo"),
    path("connect/<str:token>/", connect.link_page, name="connect"),
    path("connect/<str:token>/back/", connect.paste_back, name="paste-back"),
    path("calendar/<str:token>.ics", calendar.feed, name="calendar"),
    path("oauth/callback/<uuid:application_id>/", connect.callback, name="oauth-callback"),
    path("admin/confirm/", admin.site.admin_view(signing_in.Confirm.as_view()), name="confirm"),
    path("admin/portal/", admin.site.admin_view(portal.overview), name="portal"),
    path("admin/portal/remove-practice/", admin.site.admin_view(portal.remove_practice), name="remove-practice"),
    path(
        "admin/portal/claim-installation/",
        admin.site.admin_view(claiming.page),
        name="claim-installation",
    ),
    path("admin/portal/keys/", admin.site.admin_view(key_copies.page), name="portal-keys"),
    path("admin/portal/retention/", admin.site.admin_view(retention.overview), name="retention"),
    path("admin/portal/retention/run/", admin.site.admin_view(retention.run), name="run-retention"),
    path("admin/portal/components/", admin.site.admin_view(portal.components), name="components"),
    path("admin/search/", admin.site.admin_view(search.page), name="search"),
    path("admin/real-account/", admin.site.admin_view(real_account.page), name="real-account"),
    path("admin/", admin.site.urls),
]

handler400 = errors.bad_request
handler403 = errors.permission_denied
handler404 = errors.not_found
handler500 = errors.server_error
