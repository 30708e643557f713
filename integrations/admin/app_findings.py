"""What is wrong with an app, or may be, as pages say it: by severity, each with the way to where it is mended."""

from collections.abc import Iterable
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


def grouped(application: Application, findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Return the findings under a heading for each severity that has some, the worst first."""
    rows = list(findings)
    return [
        {
            "heading": heading,
            "tone": tone,
            "items": [_told(application, finding) for finding in rows if finding.severity is severity],
        }
        for severity, (heading, tone) in HEADINGS.items()
        if any(finding.severity is severity for finding in rows)
    ]


def _told(application: Application, finding: Finding) -> dict[str, str]:
    return {
        "code": finding.code,
        "text": finding.text,
        "place": PLACES[finding.field],
        "url": app_pages.place(application, finding.field),
    }
