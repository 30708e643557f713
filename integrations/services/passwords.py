"""What a new password must be, beside Django's own rules."""

from typing import Any

from django.core.exceptions import ValidationError

from integrations.rules.signing_in import LONGEST_PASSWORD


class NotTooLong:
    """One of Django's ``AUTH_PASSWORD_VALIDATORS``: a longer one could never be typed at the sign-in page."""

    def validate(self, password: str, user: Any = None) -> None:
        if len(password) > LONGEST_PASSWORD:
            raise ValidationError(f"This password is too long. {self.get_help_text()}", code="password_too_long")

    def get_help_text(self) -> str:
        return f"Your password must contain at most {LONGEST_PASSWORD:,} characters."
