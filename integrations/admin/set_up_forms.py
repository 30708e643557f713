"""The forms of Set up: two questions, and what each step asks."""

from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils import timezone

from integrations.admin.app_keys import ReplaceForm
from integrations.admin.base import clean_name
from integrations.admin.evidence_field import EvidenceField
from integrations.admin.keys_form import OwnAddressField, clean_own_address
from integrations.admin.radios import DescribedRadios
from integrations.exact.scopes import GROUPS, Level
from integrations.models import Application, Kind
from integrations.rules import workflow
from integrations.rules.redirects import LONGEST
from integrations.services import permissions, scope_approvals

YES, NO = "yes", "no"
PRACTICE, REAL = "practice", "real"
CHOOSE: Final = {"required": "Choose one of the two."}
PLAIN: Final = {"autocomplete": "off", "spellcheck": "false"}
KINDS: Final = {
    Kind.PRODUCT: "Serves customers, each with a subscription of their own, once Exact has reviewed it and granted "
    "permission. Until then it works for your own Exact subscription.",
    Kind.TESTING: "Works for your own Exact subscription only, at once and without a review. To try things.",
}


class StepForm(forms.Form):
    """A form that puts the focus on the first field with an error."""

    conflict: dict[str, Any] | None = None
    """Where somebody else changed the app meanwhile: who did, and what."""

    def add_error(self, field: str | None, error: Any) -> None:
        super().add_error(field, error)
        wrong = [name for name in self.fields if name in self.errors and not self[name].is_hidden]
        for name in self.fields:
            self.fields[name].widget.attrs.pop("autofocus", None)
        if wrong:
            self.fields[wrong[0]].widget.attrs["autofocus"] = True


class QuestionsForm(StepForm):
    """Practise or not, and whether Exact has the app. What does not fit this portal cannot be chosen."""

    account = forms.ChoiceField(
        label="Practise, or use our Exact account?",
        choices=[(PRACTICE, "Practise"), (REAL, "Use our Exact account")],
        error_messages=CHOOSE,
    )
    existed = forms.ChoiceField(
        label="Do you already have an app at Exact?",
        choices=[(NO, "No"), (YES, "Yes")],
        error_messages=CHOOSE,
        widget=DescribedRadios(
            {
                NO: "You register one on the way.",
                YES: "Its approved scopes and its permission are recorded as they stand now; then its keys come here.",
            }
        ),
    )

    def __init__(self, data: QueryDict | None = None, *, practises: bool) -> None:
        super().__init__(data, initial={"account": PRACTICE if practises else REAL})
        self.fits, other = (PRACTICE, REAL) if practises else (REAL, PRACTICE)
        self.fields["account"].widget = DescribedRadios(
            {
                PRACTICE: "At the practice Exact, with invented companies. Nothing reaches the real one.",
                REAL: "At the real Exact, with the companies of your customers, or with your own.",
            },
            locked=frozenset({other}),
        )
        self.fields["account"].widget.choices = self.fields["account"].choices  # type: ignore[attr-defined]

    def clean_account(self) -> str:
        account: str = self.cleaned_data["account"]
        if account != self.fits:
            raise ValidationError("This portal cannot do that yet: what is missing stands below.")
        return account


class NameForm(StepForm):
    """Product or testing, and what customers will see."""

    kind = forms.ChoiceField(label="Kind", choices=Kind.choices, error_messages=CHOOSE, widget=DescribedRadios(KINDS))
    name = forms.CharField(
        label="App name",
        max_length=100,
        help_text="As customers will see it while they connect. It has to identify your organization clearly.",
        error_messages={"required": "Give the app a name."},
        widget=forms.TextInput(attrs=PLAIN),
    )
    existed_before = forms.BooleanField(label="Exact had this app before it was added here", required=False)

    def __init__(self, data: QueryDict | None = None, *, application: Application | None) -> None:
        initial = {name: getattr(application, name) for name in self.base_fields} if application else {}
        super().__init__(data, initial=initial)
        if application is None:
            del self.fields["existed_before"]
        elif application.client_id:
            self.fields["kind"].disabled = True
            self.fields["kind"].help_text = "It belongs to the registration at Exact, and stays."

    def clean_name(self) -> str:
        return clean_name(self.cleaned_data["name"])


_STOOD: Final = [(str(state), workflow.LABELS[state]) for state in workflow.PermissionState]


class AsItStoodForm(StepForm):
    """What Exact had granted before the portal."""

    permission_status = forms.ChoiceField(label="Permission by Exact", choices=_STOOD, widget=forms.Select)
    permission_on = forms.DateField(
        label="Since",
        required=False,
        help_text="The day on which this became so, as far as it is known.",
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )
    permission_note = forms.CharField(
        label="Note", required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 3})
    )
    permission_evidence = EvidenceField(help_text="The address of the letter, ticket or page that shows it.")
    LEVELS: Final = [(str(level), str(level).capitalize()) for level in Level]

    def __init__(self, data: QueryDict | None = None, *, application: Application) -> None:
        newest = permissions.steps(application).last()
        initial: dict[str, Any] = {"permission_status": permissions.state(application)}
        if newest:
            initial |= {"permission_on": newest.on, "permission_note": newest.note}
            initial["permission_evidence"] = newest.evidence
        approved = scope_approvals.approved(application)
        initial |= {_field(scope): level for scope, level in approved.items()}
        super().__init__(data, initial=initial)
        for group in GROUPS:
            for resource in group.resources:
                self.fields[_field(resource.scope)] = forms.ChoiceField(
                    label=f"{group.name} {resource.name}",
                    choices=self.LEVELS,
                    initial=Level.NONE,
                    required=False,
                    error_messages={"invalid_choice": "Choose None, Read or Manage."},
                )

    def clean_permission_on(self) -> Any:
        day = self.cleaned_data["permission_on"]
        if day and day > timezone.localdate():
            raise ValidationError("This day lies in the future.")
        return day

    def groups(self) -> list[dict[str, Any]]:
        """Return the form's groups with a line for each resource, as the template shows them."""
        return [
            {"name": group.name, "rows": [self._row(resource.name, resource.scope) for resource in group.resources]}
            for group in GROUPS
        ]

    def approved(self) -> dict[str, str]:
        """Return the levels that were chosen, in the form's order; what is None is left out."""
        chosen = {
            resource.scope: self.cleaned_data.get(_field(resource.scope)) or str(Level.NONE)
            for group in GROUPS
            for resource in group.resources
        }
        return {scope: level for scope, level in chosen.items() if level != Level.NONE}

    def _row(self, name: str, scope: str) -> dict[str, Any]:
        field = self[_field(scope)]
        chosen = field.value() or str(Level.NONE)
        levels = [{"value": value, "label": label, "chosen": value == chosen} for value, label in self.LEVELS]
        return {"name": name, "field": field, "levels": levels}


def _field(scope: str) -> str:
    return f"scope-{scope.replace('.', '-')}"


class RegisterForm(StepForm):
    """What was entered at Exact, whose subscription the app is under, and who can get at it there."""

    pasted = forms.CharField(
        label="The Redirect URL as it stands at Exact",
        required=False,
        strip=False,
        max_length=LONGEST * 8,
        help_text="Copy it from the app's page at Exact and paste it here: it is compared character by character.",
        widget=forms.TextInput(attrs={**PLAIN, "inputmode": "url"}),
    )
    owner = forms.CharField(
        label="Exact subscription",
        required=False,
        max_length=120,
        help_text="Whose subscription at Exact the app is registered under.",
        widget=forms.TextInput(attrs=PLAIN),
    )
    caretakers = forms.CharField(
        label="Colleagues who can sign in to Manage my apps",
        required=False,
        max_length=1000,
        help_text="A name on each line. Two at least, so that one may leave.",
        widget=forms.Textarea(attrs={"rows": 3, **PLAIN}),
    )
    KEPT: Final = ("owner", "caretakers")

    def __init__(self, data: QueryDict | None = None, *, application: Application, must_paste: bool = False) -> None:
        super().__init__(data, initial={name: getattr(application, name) for name in self.KEPT})
        if must_paste:
            self.fields["pasted"].required = True
            self.fields["pasted"].error_messages["required"] = "Nothing was pasted. Copy the Redirect URL from Exact."

    def clean_owner(self) -> str:
        return " ".join(self.cleaned_data["owner"].split())

    def clean_caretakers(self) -> str:
        lines = (" ".join(line.split()) for line in self.cleaned_data["caretakers"].splitlines())
        return "\n".join(line for line in lines if line)

    def kept(self) -> dict[str, str]:
        """Return what is stored as it was typed."""
        return {name: self.cleaned_data[name] for name in self.KEPT}


class OwnAddressForm(StepForm):
    """A Redirect URL that is not the portal's, where browsers do not reach the portal."""

    own_redirect_url = OwnAddressField()

    def __init__(self, data: QueryDict | None = None, *, application: Application, is_needed: bool) -> None:
        stands = "" if application.comes_back_here else application.redirect_uri
        # One that stands already is kept, unless it is what Exact would not accept.
        self.kept = "" if is_needed else stands
        self.practice = application.is_practice
        super().__init__(data, initial={"own_redirect_url": stands})
        if is_needed:
            self.fields["own_redirect_url"].required = True
            self.fields["own_redirect_url"].help_text = "Take one that leads on to no other address."
            self.fields["own_redirect_url"].error_messages["required"] = "Enter an https address that you own."

    def clean_own_redirect_url(self) -> str:
        text: str = self.cleaned_data["own_redirect_url"]
        return clean_own_address(text, kept=self.kept, practice=self.practice)


class StepKeysForm(StepForm, ReplaceForm):
    """Both keys: a step is done with both, so neither is left out."""

    def __init__(self, data: QueryDict | None, *, needs_secret: bool, **seen: Any) -> None:
        super().__init__(data, **seen)
        for name, is_needed in (("client_id", True), ("client_secret", needs_secret)):
            field = self.fields[name]
            field.required = is_needed
            field.error_messages["required"] = f"The {field.label} is missing. Copy it from Exact."

    def clean_client_id(self) -> str:
        client_id = super().clean_client_id()
        if client_id is None:
            raise ValidationError(self.fields["client_id"].error_messages["required"])
        return client_id
