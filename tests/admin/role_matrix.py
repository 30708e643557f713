"""Who gets what from every URL: the table that ``test_role_matrix`` holds the portal to.

A line is a route of the URL conf, where needed ``@`` and the row that it is asked about, the method, and an answer for
each person. The usual row is a plain one: a disabled app, a colleague without rights, a group of our own. A POST
carries what a confirm page carries, and so sends a form with nothing filled in.
"""

from typing import Final

COLUMNS: Final = "? - V S I O P A"
"""Anonymous, staff without a role, Viewer, Support, Integrations manager, security Officer, oPerator, Administrator."""

MEANINGS: Final = {
    "y": "200: the page, or the form again with what is missing",
    ">": "302: on to another page",
    "L": "302 to the sign-in page",
    "x": "403: refused, with who may",
    "0": "404: not there",
    "m": "405: not by this method",
    "!": "400: nothing to show, or not what its form sends",
}

TABLE: Final = """
/                                                                        GET  > > > > > > > >
/                                                                        POST > > > > > > > >
/health/live                                                             GET  y y y y y y y y
/health/live                                                             POST m m m m m m m m
/health/ready                                                            GET  y y y y y y y y
/health/ready                                                            POST m m m m m m m m
/connect/companies/                                                      GET  m m m m m m m m
/connect/companies/                                                      POST > > > > > > > >
/connect/result/                                                         GET  ! ! ! ! ! ! ! !
/connect/result/                                                         POST m m m m m m m m
/connect/logo/<str:digest>/                                              GET  y y y y y y y y
/connect/logo/<str:digest>/                                              POST m m m m m m m m
/connect/<str:token>/                                                    GET  y y y y y y y y
/connect/<str:token>/                                                    POST > > > > > > > >
/connect/<str:token>/back/                                               GET  m m m m m m m m
/connect/<str:token>/back/                                               POST ! ! ! ! ! ! ! !
/calendar/<str:token>.ics                                                GET  y y y y y y y y
/calendar/<str:token>.ics                                                POST m m m m m m m m
/oauth/callback/<uuid:application_id>/                                   GET  > > > > > > > >
/oauth/callback/<uuid:application_id>/                                   POST m m m m m m m m
/admin/confirm/                                                          GET  L > > > > > > >
/admin/confirm/                                                          POST L y y y y y y y
/admin/portal/                                                           GET  L x x x x x y y
/admin/portal/                                                           POST L m m m m m m m
/admin/portal/remove-practice/                                           GET  L x x x x x x y
/admin/portal/remove-practice/                                           POST L x x x x x x >
/admin/portal/claim-installation/                                        GET  L x x x x x y y
/admin/portal/claim-installation/                                        POST L x x x x x > >
/admin/portal/keys/                                                      GET  L x x x x x y y
/admin/portal/keys/                                                      POST L x x x x x > >
/admin/portal/retention/                                                 GET  L x x x x x y y
/admin/portal/retention/                                                 POST L m m m m m m m
/admin/portal/retention/run/                                             GET  L m m m m m m m
/admin/portal/retention/run/                                             POST L x x x x x > >
/admin/portal/components/                                                GET  L x x x x x y y
/admin/portal/components/                                                POST L m m m m m m m
/admin/search/                                                           GET  L x y y y y y y
/admin/search/                                                           POST L x y y y y y y
/admin/real-account/                                                     GET  L x y y y y y y
/admin/real-account/                                                     POST L m m m m m m m
/admin/                                                                  GET  L x > > > > > >
/admin/                                                                  POST L x > > > > > >
/admin/login/                                                            GET  y > > > > > > >
/admin/login/                                                            POST y y y y y y y y
/admin/logout/                                                           GET  > m m m m m m m
/admin/logout/                                                           POST > y y y y y y y
/admin/password_change/                                                  GET  L y y y y y y y
/admin/password_change/                                                  POST L y y y y y y y
/admin/password_change/done/                                             GET  L y y y y y y y
/admin/password_change/done/                                             POST L m m m m m m m
/admin/autocomplete/                                                     GET  L 0 0 0 0 0 0 0
/admin/autocomplete/                                                     POST L 0 0 0 0 0 0 0
/admin/jsi18n/                                                           GET  L y y y y y y y
/admin/jsi18n/                                                           POST L m m m m m m m
/admin/r/<path:content_type_id>/<path:object_id>/                        GET  L 0 0 0 0 0 0 0
/admin/r/<path:content_type_id>/<path:object_id>/                        POST L 0 0 0 0 0 0 0
/admin/integrations/auditevent/                                          GET  L x x x x y x y
/admin/integrations/auditevent/                                          POST L x x x x m x m
/admin/integrations/auditevent/export/                                   GET  m m m m m m m m
/admin/integrations/auditevent/export/                                   POST L x x x x ! x !
/admin/integrations/auditevent/add/                                      GET  L x x x x x x x
/admin/integrations/auditevent/add/                                      POST L x x x x x x x
/admin/integrations/auditevent/<path:object_id>/history/                 GET  L x x x x y x y
/admin/integrations/auditevent/<path:object_id>/history/                 POST L x x x x m x m
/admin/integrations/auditevent/<path:object_id>/delete/                  GET  L x x x x x x x
/admin/integrations/auditevent/<path:object_id>/delete/                  POST L x x x x x x x
/admin/integrations/auditevent/<path:object_id>/change/                  GET  L x x x x > x >
/admin/integrations/auditevent/<path:object_id>/change/                  POST L x x x x x x x
/admin/integrations/auditevent/<path:object_id>/                         GET  L > > > > > > >
/admin/integrations/auditevent/<path:object_id>/                         POST L > > > > > > >
/admin/integrations/application/<uuid:pk>/toggle/                        GET  L m m m m m m m
/admin/integrations/application/<uuid:pk>/toggle/                        POST L x x x ! x x !
/admin/integrations/application/<uuid:pk>/enable-now-or-later/           GET  L x x x y x x y
/admin/integrations/application/<uuid:pk>/enable-now-or-later/           POST L m m m m m m m
/admin/integrations/application/<uuid:pk>/enable/                        GET  L x x x y x x y
/admin/integrations/application/<uuid:pk>/enable/                        POST L x x x > x x >
/admin/integrations/application/<uuid:pk>/disable/                       GET  L x x x y x x y
/admin/integrations/application/<uuid:pk>/disable/                       POST L x x x > x x >
/admin/integrations/application/<uuid:pk>/stop/                          GET  L x x x y x x y
/admin/integrations/application/<uuid:pk>/stop/                          POST L x x x > x x >
/admin/integrations/application/<uuid:pk>/lift/                          GET  L x x x y x x y
/admin/integrations/application/<uuid:pk>/lift/                          POST L x x x > x x >
/admin/integrations/application/<uuid:pk>/archive/                       GET  L x x x y x x y
/admin/integrations/application/<uuid:pk>/archive/                       POST L x x x > x x >
/admin/integrations/application/<uuid:pk>/restore/                       GET  L x x x y x x y
/admin/integrations/application/<uuid:pk>/restore/                       POST L x x x > x x >
/admin/integrations/application/<uuid:pk>/keys/                          GET  L x y y y y y y
/admin/integrations/application/<uuid:pk>/keys/                          POST L x x x y x x y
/admin/integrations/application/<uuid:pk>/test-keys/                     GET  L m m m m m m m
/admin/integrations/application/<uuid:pk>/test-keys/                     POST L x x x > x x >
/admin/integrations/application/<uuid:pk>/permission/                    GET  L x y y y y y y
/admin/integrations/application/<uuid:pk>/permission/                    POST L x x x > x x >
/admin/integrations/application/<uuid:pk>/scopes/                        GET  L x y y y y y y
/admin/integrations/application/<uuid:pk>/scopes/                        POST L x x x y x x y
/admin/integrations/application/<uuid:pk>/scopes/works/                  GET  L x y y y y y y
/admin/integrations/application/<uuid:pk>/scopes/works/                  POST L m m m m m m m
/admin/integrations/application/<uuid:pk>/scopes/lists/                  GET  L x y y y y y y
/admin/integrations/application/<uuid:pk>/scopes/lists/                  POST L m m m m m m m
/admin/integrations/application/<uuid:pk>/scopes/adopt/                  GET  L m m m m m m m
/admin/integrations/application/<uuid:pk>/scopes/adopt/                  POST L x x x > x x >
/admin/integrations/application/<uuid:pk>/scopes/undo/                   GET  L m m m m m m m
/admin/integrations/application/<uuid:pk>/scopes/undo/                   POST L x x x > x x >
/admin/integrations/application/<uuid:pk>/connections/                   GET  L x y y y y y y
/admin/integrations/application/<uuid:pk>/connections/                   POST L m m m m m m m
/admin/integrations/application/<uuid:pk>/registered/                    GET  L m m m m m m m
/admin/integrations/application/<uuid:pk>/registered/                    POST L x x x > x x >
/admin/integrations/application/<uuid:pk>/follow-address/                GET  L m m m m m m m
/admin/integrations/application/<uuid:pk>/follow-address/                POST L x x x > x x >
/admin/integrations/application/<uuid:pk>/review/                        GET  L x y y y y y y
/admin/integrations/application/<uuid:pk>/review/                        POST L m m m m m m m
/admin/integrations/application/<uuid:pk>/review/begin/                  GET  L m m m m m m m
/admin/integrations/application/<uuid:pk>/review/begin/                  POST L x x x > x x >
/admin/integrations/application/<uuid:pk>/review/compare/                GET  L x y y y y y y
/admin/integrations/application/<uuid:pk>/review/compare/                POST L m m m m m m m
/admin/integrations/application/<uuid:pk>/review/<int:number>/form/      GET  L x x x y x x y
/admin/integrations/application/<uuid:pk>/review/<int:number>/form/      POST L x x x ! x x !
/admin/integrations/application/<uuid:pk>/review/<int:number>/           GET  L x y y y y y y
/admin/integrations/application/<uuid:pk>/review/<int:number>/           POST L m m m m m m m
/admin/integrations/application/<uuid:pk>/review/<int:number>/copy/      GET  L x y y y y y y
/admin/integrations/application/<uuid:pk>/review/<int:number>/copy/      POST L m m m m m m m
/admin/integrations/application/<uuid:pk>/review/<int:number>/preview/   GET  L x y y y y y y
/admin/integrations/application/<uuid:pk>/review/<int:number>/preview/   POST L m m m m m m m
/admin/integrations/application/<uuid:pk>/review/<int:number>/evidence/  GET  L m m m m m m m
/admin/integrations/application/<uuid:pk>/review/<int:number>/evidence/  POST L x y y y y y y
/admin/integrations/application/<uuid:pk>/review/<int:number>/step/<slug:code>/ GET  L x x x y x x y
/admin/integrations/application/<uuid:pk>/review/<int:number>/step/<slug:code>/ POST L x x x y x x y
/admin/integrations/application/<uuid:pk>/review/<int:number>/questions/ GET  L x y y y y y y
/admin/integrations/application/<uuid:pk>/review/<int:number>/questions/ POST L x x x y x x y
/admin/integrations/application/<uuid:pk>/review/<int:number>/questions/<uuid:question>/ GET  L x x x y x x y
/admin/integrations/application/<uuid:pk>/review/<int:number>/questions/<uuid:question>/ POST L x x x y x x y
/admin/integrations/application/answers/                                 GET  L x y y y y y y
/admin/integrations/application/answers/                                 POST L m m m m m m m
/admin/integrations/application/answers/add/                             GET  L x x x y x x y
/admin/integrations/application/answers/add/                             POST L x x x y x x y
/admin/integrations/application/answers/<uuid:answer>/                   GET  L x x x y x x y
/admin/integrations/application/answers/<uuid:answer>/                   POST L x x x y x x y
/admin/integrations/application/answers/<uuid:answer>/delete/            GET  L x x x y x x y
/admin/integrations/application/answers/<uuid:answer>/delete/            POST L x x x > x x >
/admin/integrations/application/<uuid:pk>/connect/                       GET  L m m m m m m m
/admin/integrations/application/<uuid:pk>/connect/                       POST L x x > > x x >
/admin/integrations/application/set-up/                                  GET  L x x x y x x y
/admin/integrations/application/set-up/                                  POST L m m m m m m m
/admin/integrations/application/<uuid:pk>/set-up/                        GET  L x x x > x x >
/admin/integrations/application/<uuid:pk>/set-up/                        POST L m m m m m m m
/admin/integrations/application/<uuid:pk>/set-up/<slug:step>/            GET  L x x x y x x y
/admin/integrations/application/<uuid:pk>/set-up/<slug:step>/            POST L x x x > x x >
/admin/integrations/application/<uuid:pk>/set-up/<slug:step>/ @before-you-start GET  L x x x y x x y
/admin/integrations/application/<uuid:pk>/set-up/<slug:step>/ @before-you-start POST L x x x m x x m
/admin/integrations/application/<uuid:pk>/set-up/<slug:step>/ @as-it-stood GET  L x x x 0 x x 0
/admin/integrations/application/<uuid:pk>/set-up/<slug:step>/ @as-it-stood POST L x x x 0 x x 0
/admin/integrations/application/<uuid:pk>/set-up/<slug:step>/ @register  GET  L x x x y x x y
/admin/integrations/application/<uuid:pk>/set-up/<slug:step>/ @register  POST L x x x y x x y
/admin/integrations/application/<uuid:pk>/set-up/<slug:step>/ @keys      GET  L x x x y x x y
/admin/integrations/application/<uuid:pk>/set-up/<slug:step>/ @keys      POST L x x x y x x y
/admin/integrations/application/<uuid:pk>/set-up/<slug:step>/ @test-keys GET  L x x x y x x y
/admin/integrations/application/<uuid:pk>/set-up/<slug:step>/ @test-keys POST L x x x m x x m
/admin/integrations/application/<uuid:pk>/set-up/<slug:step>/ @enable    GET  L x x x y x x y
/admin/integrations/application/<uuid:pk>/set-up/<slug:step>/ @enable    POST L x x x > x x >
/admin/integrations/application/                                         GET  L x y y y y y y
/admin/integrations/application/                                         POST L x m m m m m m
/admin/integrations/application/add/                                     GET  L x x x y x x y
/admin/integrations/application/add/                                     POST L x x x y x x y
/admin/integrations/application/<path:object_id>/history/                GET  L x y y y y y y
/admin/integrations/application/<path:object_id>/history/                POST L x m m m m m m
/admin/integrations/application/<path:object_id>/delete/                 GET  L x x x x x x y
/admin/integrations/application/<path:object_id>/delete/                 POST L x x x x x x >
/admin/integrations/application/<path:object_id>/change/                 GET  L x y y y y y y
/admin/integrations/application/<path:object_id>/change/                 POST L x x x y x x y
/admin/integrations/application/<path:object_id>/                        GET  L > > > > > > >
/admin/integrations/application/<path:object_id>/                        POST L > > > > > > >
/admin/integrations/connection/last-days/                                GET  L x y y y y y y
/admin/integrations/connection/last-days/                                POST L m m m m m m m
/admin/integrations/connection/last-days/feed/                           GET  L m m m m m m m
/admin/integrations/connection/last-days/feed/                           POST L x y y y y y y
/admin/integrations/connection/last-days/feed/revoke/                    GET  L x > > > > > y
/admin/integrations/connection/last-days/feed/revoke/                    POST L x > > > > > >
/admin/integrations/connection/<uuid:pk>/refresh/                        GET  L m m m m m m m
/admin/integrations/connection/<uuid:pk>/refresh/                        POST L x x > > x x >
/admin/integrations/connection/<uuid:pk>/replace/                        GET  L x x y y x x y
/admin/integrations/connection/<uuid:pk>/replace/                        POST L x x y y x x y
/admin/integrations/connection/<uuid:pk>/disconnect/                     GET  L x x x y x x y
/admin/integrations/connection/<uuid:pk>/disconnect/                     POST L x x x > x x >
/admin/integrations/connection/<uuid:pk>/check/                          GET  m m m m m m m m
/admin/integrations/connection/<uuid:pk>/check/                          POST L x x > > x x >
/admin/integrations/connection/<uuid:pk>/changes-seen/                   GET  m m m m m m m m
/admin/integrations/connection/<uuid:pk>/changes-seen/                   POST L x x > x x x >
/admin/integrations/connection/<uuid:pk>/companies/                      GET  m m m m m m m m
/admin/integrations/connection/<uuid:pk>/companies/                      POST L x x > x x x >
/admin/integrations/connection/                                          GET  L x > > > > > >
/admin/integrations/connection/                                          POST L x m m m m m m
/admin/integrations/connection/add/                                      GET  L x x x x x x x
/admin/integrations/connection/add/                                      POST L x x x x x x x
/admin/integrations/connection/<path:object_id>/history/                 GET  L x y y y y y y
/admin/integrations/connection/<path:object_id>/history/                 POST L x m m m m m m
/admin/integrations/connection/<path:object_id>/delete/                  GET  L x x x x x x x
/admin/integrations/connection/<path:object_id>/delete/                  POST L x x x x x x x
/admin/integrations/connection/<path:object_id>/change/                  GET  L x y y y y y y
/admin/integrations/connection/<path:object_id>/change/                  POST L x m m m m m m
/admin/integrations/connection/<path:object_id>/                         GET  L > > > > > > >
/admin/integrations/connection/<path:object_id>/                         POST L > > > > > > >
/admin/integrations/company/<uuid:pk>/assign/                            GET  m m m m m m m m
/admin/integrations/company/<uuid:pk>/assign/                            POST L x x > x x x >
/admin/integrations/company/<uuid:pk>/use/                               GET  m m m m m m m m
/admin/integrations/company/<uuid:pk>/use/                               POST L x x > x x x >
/admin/integrations/company/                                             GET  L x > > > > x >
/admin/integrations/company/                                             POST L x m m m m x m
/admin/integrations/company/add/                                         GET  L x x x x x x x
/admin/integrations/company/add/                                         POST L x x x x x x x
/admin/integrations/company/<path:object_id>/history/                    GET  L x y y y y x y
/admin/integrations/company/<path:object_id>/history/                    POST L x m m m m x m
/admin/integrations/company/<path:object_id>/delete/                     GET  L x x x x x x x
/admin/integrations/company/<path:object_id>/delete/                     POST L x x x x x x x
/admin/integrations/company/<path:object_id>/change/                     GET  L x y y y y x y
/admin/integrations/company/<path:object_id>/change/                     POST L x m m m m x m
/admin/integrations/company/<path:object_id>/                            GET  L > > > > > > >
/admin/integrations/company/<path:object_id>/                            POST L > > > > > > >
/admin/integrations/customer/<uuid:pk>/                                  GET  L x y y y y x y
/admin/integrations/customer/<uuid:pk>/                                  POST L x m m m m x m
/admin/integrations/customer/<uuid:pk>/import/                           GET  L x x y y x x y
/admin/integrations/customer/<uuid:pk>/import/                           POST L x x ! ! x x !
/admin/integrations/customer/<uuid:pk>/link/                             GET  L x x y y x x y
/admin/integrations/customer/<uuid:pk>/link/                             POST L x x y y x x y
/admin/integrations/customer/<uuid:pk>/links/<uuid:link>/preview/        GET  L x x y y x x y
/admin/integrations/customer/<uuid:pk>/links/<uuid:link>/preview/        POST L m m m m m m m
/admin/integrations/customer/<uuid:pk>/links/<uuid:link>/revoke/         GET  L x x y y x x y
/admin/integrations/customer/<uuid:pk>/links/<uuid:link>/revoke/         POST L x x > > x x >
/admin/integrations/customer/<uuid:pk>/disconnect/                       GET  L x x x y x x y
/admin/integrations/customer/<uuid:pk>/disconnect/                       POST L x x x > x x >
/admin/integrations/customer/<uuid:pk>/erase/                            GET  L x x x x y x y
/admin/integrations/customer/<uuid:pk>/erase/                            POST L x x x x y x y
/admin/integrations/customer/                                            GET  L x y y y y x y
/admin/integrations/customer/                                            POST L x m m m m x m
/admin/integrations/customer/add/                                        GET  L x x y x x x y
/admin/integrations/customer/add/                                        POST L x x y x x x y
/admin/integrations/customer/<path:object_id>/history/                   GET  L x y y y y x y
/admin/integrations/customer/<path:object_id>/history/                   POST L x m m m m x m
/admin/integrations/customer/<path:object_id>/delete/                    GET  L x x x x x x x
/admin/integrations/customer/<path:object_id>/delete/                    POST L x x x x x x x
/admin/integrations/customer/<path:object_id>/change/                    GET  L x y y y y x y
/admin/integrations/customer/<path:object_id>/change/                    POST L x x y x x x y
/admin/integrations/customer/<path:object_id>/                           GET  L x y y y y x y
/admin/integrations/customer/<path:object_id>/                           POST L x m m m m x m
/admin/integrations/organization/                                        GET  L x x x > x > >
/admin/integrations/organization/                                        POST L x x x m x m m
/admin/integrations/organization/add/                                    GET  L x x x x x x x
/admin/integrations/organization/add/                                    POST L x x x x x x x
/admin/integrations/organization/<path:object_id>/history/               GET  L x x x y x y y
/admin/integrations/organization/<path:object_id>/history/               POST L x x x m x m m
/admin/integrations/organization/<path:object_id>/delete/                GET  L x x x x x x x
/admin/integrations/organization/<path:object_id>/delete/                POST L x x x x x x x
/admin/integrations/organization/<path:object_id>/change/                GET  L x x x y x y y
/admin/integrations/organization/<path:object_id>/change/                POST L x x x y x y y
/admin/integrations/organization/<path:object_id>/                       GET  L > > > > > > >
/admin/integrations/organization/<path:object_id>/                       POST L > > > > > > >
/admin/integrations/user/<id>/password/                                  GET  L x x x x y x y
/admin/integrations/user/<id>/password/                                  POST L x x x x y x y
/admin/integrations/user/<id>/password/ @administrator                   GET  L x x x x x x y
/admin/integrations/user/<id>/password/ @administrator                   POST L x x x x x x y
/admin/integrations/user/<id>/password/ @Integrations_manager            GET  L x x x x x x y
/admin/integrations/user/<id>/password/ @Integrations_manager            POST L x x x x x x y
/admin/integrations/user/<id>/password/ @Security_officer                GET  L x x x x x x y
/admin/integrations/user/<id>/password/ @Security_officer                POST L x x x x x x y
/admin/integrations/user/                                                GET  L x x x x y x y
/admin/integrations/user/                                                POST L x x x x m x m
/admin/integrations/user/add/                                            GET  L x x x x y x y
/admin/integrations/user/add/                                            POST L x x x x y x y
/admin/integrations/user/<path:object_id>/history/                       GET  L x x x x y x y
/admin/integrations/user/<path:object_id>/history/                       POST L x x x x m x m
/admin/integrations/user/<path:object_id>/delete/                        GET  L x x x x x x x
/admin/integrations/user/<path:object_id>/delete/                        POST L x x x x x x x
/admin/integrations/user/<path:object_id>/change/                        GET  L x x x x y x y
/admin/integrations/user/<path:object_id>/change/                        POST L x x x x y x y
/admin/integrations/user/<path:object_id>/change/ @administrator         GET  L x x x x y x y
/admin/integrations/user/<path:object_id>/change/ @administrator         POST L x x x x x x y
/admin/integrations/user/<path:object_id>/change/ @Integrations_manager  GET  L x x x x y x y
/admin/integrations/user/<path:object_id>/change/ @Integrations_manager  POST L x x x x y x y
/admin/integrations/user/<path:object_id>/change/ @Security_officer      GET  L x x x x y x y
/admin/integrations/user/<path:object_id>/change/ @Security_officer      POST L x x x x y x y
/admin/integrations/user/<path:object_id>/                               GET  L > > > > > > >
/admin/integrations/user/<path:object_id>/                               POST L > > > > > > >
/admin/auth/group/                                                       GET  L x x x x y x y
/admin/auth/group/                                                       POST L x x x x m x m
/admin/auth/group/add/                                                   GET  L x x x x x x y
/admin/auth/group/add/                                                   POST L x x x x x x y
/admin/auth/group/<path:object_id>/history/                              GET  L x x x x y x y
/admin/auth/group/<path:object_id>/history/                              POST L x x x x m x m
/admin/auth/group/<path:object_id>/delete/                               GET  L x x x x x x y
/admin/auth/group/<path:object_id>/delete/                               POST L x x x x x x >
/admin/auth/group/<path:object_id>/delete/ @role                         GET  L x x x x x x x
/admin/auth/group/<path:object_id>/delete/ @role                         POST L x x x x x x x
/admin/auth/group/<path:object_id>/change/                               GET  L x x x x y x y
/admin/auth/group/<path:object_id>/change/                               POST L x x x x x x y
/admin/auth/group/<path:object_id>/change/ @role                         GET  L x x x x y x y
/admin/auth/group/<path:object_id>/change/ @role                         POST L x x x x x x x
/admin/auth/group/<path:object_id>/                                      GET  L > > > > > > >
/admin/auth/group/<path:object_id>/                                      POST L > > > > > > >
/admin/^(?P<app_label>integrations|auth)/$                               GET  L > > > > > > >
/admin/^(?P<app_label>integrations|auth)/$                               POST L > > > > > > >
/admin/(?P<url>.*)$                                                      GET  L 0 0 0 0 0 0 0
/admin/(?P<url>.*)$                                                      POST L 0 0 0 0 0 0 0
"""
