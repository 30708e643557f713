"""Retention: what is kept how long and why, what would go now, and the last run."""

from datetime import timedelta
from typing import Any, Final

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_POST, require_safe

from integrations.admin.base import acting, require
from integrations.models import RetentionRun
from integrations.rules import retention as rules
from integrations.rules.sections import PORTAL
from integrations.services import people, retention
from integrations.services.refusals import Refused

SECONDS: Final = 20
"""How long somebody waits for a page."""


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    require(request, PORTAL)
    outlook = retention.outlook()
    last = retention.last_run()
    context = {
        **admin.site.each_context(request),
        "title": "Retention",
        "lines": [_line(line) for line in outlook],
        "going": any(line.going for line in outlook),
        "last": last,
        "by": people.names([last.by])[last.by] if last else "",
        "went": _went(last),
        "can_run": request.user.has_perm("integrations.operate_portal"),
        "kept": list(rules.KEPT.values()),
    }
    return TemplateResponse(request, "admin/portal/retention.html", context)


@require_POST
def run(request: HttpRequest) -> HttpResponse:
    """Clear now, for as long as somebody waits for a page."""
    require(request, "integrations.operate_portal")
    try:
        done = retention.run(by=acting(request), seconds=SECONDS)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("retention")
    rows = (
        f"{done.rows:,} {'row' if done.rows == 1 else 'rows'} went." if done.rows else "Nothing was old enough to go."
    )
    if done.state == RetentionRun.State.DONE:
        messages.success(request, f"Cleared. {rows}")
    else:
        messages.warning(request, f"Stopped after {SECONDS} seconds. {rows} Run it again to go on.")
    return redirect("retention")


def _line(line: retention.Outlook) -> dict[str, Any]:
    kind = line.kind
    since = f"since {kind.since}" if kind.age > timedelta(0) else f"once {kind.since}"
    return {
        "title": kind.title,
        "age": rules.age_in_words(kind.age) if kind.age else "Not kept",
        "since": since,
        "why": kind.why,
        "stays": kind.stays,
        "rows": _number(line.rows),
        "going": _number(line.going),
    }


def _number(count: int) -> str:
    most = retention.MOST_COUNTED - 1
    return f"over {most:,}" if count > most else f"{count:,}"


def _went(last: RetentionRun | None) -> list[tuple[str, str]]:
    titles = {kind.name: kind.title for kind in rules.KINDS}
    return [(titles.get(name, name), f"{count:,}") for name, count in last.went.items()] if last else []
