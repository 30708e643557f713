"""What an error page and an error mail may show: never a form's values, never a local variable.

Any of them can be a client secret on its way to the key ring, and Django hides them only where a view says
so, and with DEBUG on not even there. Here nothing is shown that is not known to be harmless.
"""

import re
from typing import Any, Final

from django.http import HttpRequest
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

HARMLESS: Final = frozenset(
    {"HTTP_HOST", "HTTP_USER_AGENT", "PATH_INFO", "REMOTE_ADDR", "REQUEST_METHOD", "SERVER_NAME", "wsgi.url_scheme"}
)


class Filter(SafeExceptionReporterFilter):
    """Hides every form value, header, cookie and local variable, with DEBUG on as well."""

    hidden_settings = re.compile(
        SafeExceptionReporterFilter.hidden_settings.pattern + "|URL|BROKER|DATABASES|CACHES|CREDENTIAL|COOKIE|RING",
        re.IGNORECASE,
    )

    def is_active(self, request: HttpRequest | None) -> bool:
        return True

    def get_safe_request_meta(self, request: HttpRequest | None) -> dict[str, Any]:
        if request is None:
            return {}
        return {name: value if name in HARMLESS else self.cleansed_substitute for name, value in request.META.items()}

    def get_safe_cookies(self, request: HttpRequest | None) -> dict[str, Any]:
        return {} if request is None else dict.fromkeys(request.COOKIES, self.cleansed_substitute)

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:
        return {} if request is None else dict.fromkeys(request.POST, self.cleansed_substitute)

    def get_traceback_frame_variables(self, request: HttpRequest | None, tb_frame: Any) -> Any:
        return [(name, self.cleansed_substitute) for name in sorted(tb_frame.f_locals)]


class Reporter(ExceptionReporter):
    """Leaves out the query, the names of files and pieces of text, which Django prints."""

    def get_traceback_data(self) -> dict[str, Any]:
        data = super().get_traceback_data()
        data["unicode_hint"] = ""  # the text around a character that cannot be encoded
        if self.request is not None:
            data["request_insecure_uri"] = self.request.path
            data["request_GET_items"] = [(name, Filter.cleansed_substitute) for name in self.request.GET]
            data["request_FILES_items"] = [(name, Filter.cleansed_substitute) for name in self.request.FILES]
        return data
