"""What is wrong with an app, or may be, as pages say it: by severity, each with the way to where it is mended."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from integrations.admin import app_pages
from integrations.models import Application
from integrations.rules.lint import Field, Finding, Severity

HEADINGS: Final = {
    Severity.ERROR: ("Keeps it from working", "ill"),
    Severity.WARNING: ("Likely a mistake", "warn"),
    Severity.NOTE: ("Worth knowing", "note"),
}
"""With the tone in which a finding is shown."""
PLACES: Final = {
    Field.REGION: "the region",
    Field.NAME: "the name",
    Field.KIND: "the kind",
    Field.CLIENT_ID: "the Client ID",
    Field.CLIENT_SECRET: "the Client secret",
    Field.REDIRECT_URI: "the Redirect URL",
    Field.REGISTERED_REDIRECT_URI: "what was entered at Exact",
    Field.CARETAKERS: "the colleagues",
    Field.KEY_TEST: "the test of the keys",
    Field.PERMISSION: "the permission",
}


def grouped(
    application: Application,
    findings: Iterable[Finding],
    place: Callable[[Application, Field], str] = app_pages.place,
) -> list[dict[str, Any]]:
    """Return the findings under a heading for each severity that has some, the worst first.

    ``place`` tells at which address something is mended.
    """
    rows = [(finding.severity, _told(finding, place(application, finding.field))) for finding in findings]
    return [
        {"heading": heading, "tone": tone, "items": [told for held, told in rows if held is severity]}
        for severity, (heading, tone) in HEADINGS.items()
        if any(held is severity for held, _ in rows)
    ]


def _told(finding: Finding, url: str) -> dict[str, str]:
    return {
        "code": finding.code,
        "text": finding.text,
        "place": PLACES[finding.field],
        "url": url,
    }
