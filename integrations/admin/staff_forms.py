"""The forms of staff accounts and groups; what may be given is asked of the service, in the saving transaction."""

from typing import Any

from django import forms
from django.contrib.auth.forms import AdminPasswordChangeForm, UserCreationForm, UsernameField
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError

from integrations.admin.base import clean_name
from integrations.admin.choices import Choices, right_field, role_field
from integrations.models import User
from integrations.rules import roles
from integrations.services import access, rights


class StaffForm(forms.ModelForm):
    """An account: who it is, and what this person may do."""

    actor: User
    """Whoever fills it in; the page sets it."""
    groups = role_field()
    user_permissions = right_field("Single rights", folded=True)

    class Meta:
        model = User
        fields = (
            "username", "first_name", "last_name", "email", "is_active", "is_superuser", "groups", "user_permissions",
        )  # fmt: skip
        field_classes = {"username": UsernameField}
        labels = {"is_active": "May sign in", "is_superuser": "Administrator"}
        help_texts = {
            "username": "",
            "is_active": "Without it the account is deactivated: whoever uses it is signed out at once.",
            "is_superuser": "May do everything, whatever the roles below, and makes other administrators.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "groups" in self.fields and not self.actor.is_superuser:
            field: Any = self.fields["groups"]
            _lock(field.widget, access.locked_groups(self.actor, field.queryset))
        if "user_permissions" in self.fields:
            _lock_rights(self.fields["user_permissions"], self.actor)

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        asked = {"is_active", "is_superuser", "groups", "user_permissions"}.intersection(self.fields)
        if not asked or not asked <= values.keys():
            return values
        target = self.instance
        reasons = access.why_not_changed(
            self.actor,
            target,
            active=values.get("is_active", target.is_active),
            administrator=values.get("is_superuser", target.is_superuser),
            groups=values["groups"] if "groups" in values else target.groups.all(),
            single=values["user_permissions"] if "user_permissions" in values else target.user_permissions.all(),
        )
        if reasons:
            raise ValidationError(list(reasons))
        return values


class NewStaffForm(UserCreationForm):
    """A name and a password to begin with; the roles follow on the next page."""

    class Meta(UserCreationForm.Meta):
        model = User
        fields = ("username",)
        help_texts = {"username": "What this person signs in with."}


class StaffPasswordForm(AdminPasswordChangeForm):
    """A new password. There is no other way to sign in, so none can be taken away."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("usable_password", None)
        for field in self.fields.values():
            field.required = True


class GroupForm(forms.ModelForm):
    """A group of our own: rights that no role has together."""

    actor: User
    permissions = right_field("Rights", folded=False)

    class Meta:
        model = Group
        fields = ("name", "permissions")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "permissions" in self.fields:
            _lock_rights(self.fields["permissions"], self.actor)

    def clean_name(self) -> str:
        name = clean_name(self.cleaned_data["name"])
        if name.casefold() in {role.casefold() for role in roles.BY_NAME}:
            raise ValidationError("A role has this name. Choose another one.")
        return name

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        if "permissions" in values:
            reasons = access.why_not_regrouped(self.actor, self.instance, values["permissions"])
            if reasons:
                raise ValidationError(list(reasons))
        return values


def _lock(widget: Any, keys: frozenset[Any]) -> None:
    assert isinstance(widget, Choices)
    widget.locked = keys


def _lock_rights(field: Any, actor: User) -> None:
    locked = access.locked_rights(actor)
    if locked:
        _lock(field.widget, frozenset(rights.permissions(locked).values_list("pk", flat=True)))
