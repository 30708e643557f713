"""Staff: the people who sign in."""

import secrets
import uuid
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.crypto import salted_hmac


class User(AbstractUser):
    """A member of staff. Deactivated rather than deleted, since events and rows name him by id."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session_mark = models.CharField(
        max_length=32, blank=True, default="", editable=False, help_text="Sessions made under another one are over."
    )

    class Meta(AbstractUser.Meta):
        verbose_name = "staff member"
        verbose_name_plural = "staff"
        default_permissions = ("add", "change", "view")

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Store it; the sessions of who is deactivated end for good, and do not come back with the account."""
        if not self.is_active:
            self.session_mark = secrets.token_hex(16)
            if kwargs.get("update_fields") is not None:
                kwargs["update_fields"] = {*kwargs["update_fields"], "session_mark"}
        super().save(*args, **kwargs)

    def _get_session_auth_hash(self, secret: str | bytes | None = None) -> str:
        """Return what a session must hold to be this account's: another one after a new password or a new mark."""
        salt = "integrations.models.user.session"
        return salted_hmac(salt, f"{self.password} {self.session_mark}", secret=secret, algorithm="sha256").hexdigest()
