"""How apps now differ from what Exact approved of them."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import OuterRef, Subquery

from integrations.exact.scopes import SCOPES, Level
from integrations.models import Application, Review, ScopeSelection
from integrations.rules import drift, scope_grids, submissions
from integrations.rules.drift import Present
from integrations.rules.findings import Finding, warning, well
from integrations.rules.scope_grids import Grid
from integrations.rules.submissions import Submission
from integrations.rules.workflow import ReviewState
from integrations.services import scope_approvals


def of(applications: Collection[Application]) -> dict[UUID, tuple[str, ...]]:
    """Return of each app every difference in a sentence, by three queries, however many apps."""
    approvals, selected, sent = scope_approvals.latest(applications), _selected(applications), _sent(applications)
    return {
        app.pk: drift.drift(
            _present(app, selected.get(app.pk, {})),
            approved=scope_approvals.read(approvals[app.pk]) if app.pk in approvals else None,
            sent=sent.get(app.pk),
        )
        for app in applications
    }


def check() -> Finding:
    """Look whether an app differs from what Exact approved; an app of another Exact, or archived, raises no alarm."""
    apps = list(Application.objects.awake().filter(archived_at=None))
    found = of(apps)
    drifting = [app for app in apps if found[app.pk]]
    if not drifting:
        return well("reviews", "No app differs from what Exact approved.")
    return warning(
        "reviews",
        " ".join(f"“{app.name}”, {app.region_title}: {' '.join(found[app.pk])}" for app in drifting),
        "Open the app under Integrations: put back what was approved, or take what is new through a further round.",
    )


def _present(app: Application, selected: Grid) -> Present:
    texts = {
        "app_name": app.name,
        "client_id": app.client_id or "",
        "region": app.region,
        "redirect_url": app.redirect_uri,
        "registered_redirect_url": app.registered_redirect_uri,
    }
    return Present(texts, selected)


def _selected(applications: Collection[Application]) -> dict[UUID, Grid]:
    found: dict[UUID, list[tuple[str, str]]] = {}
    rows = ScopeSelection.objects.filter(application__in=[app.pk for app in applications]).exclude(level=Level.NONE)
    for pk, scope, level in rows.values_list("application_id", "scope", "level"):
        if scope in SCOPES:
            found.setdefault(pk, []).append((scope, level))
    return {pk: scope_grids.grid(pairs) for pk, pairs in found.items()}


def _sent(applications: Collection[Application]) -> dict[UUID, Submission]:
    """Return the last round of each that Exact approved."""
    approved = Review.objects.filter(state=ReviewState.APPROVED)
    newest = approved.filter(application=OuterRef("application")).order_by("-number").values("pk")[:1]
    rows = approved.filter(application__in=[app.pk for app in applications], pk=Subquery(newest))
    return {pk: submissions.read(document) for pk, document in rows.values_list("application_id", "submitted")}
