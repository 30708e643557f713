"""Rows whose checks are asked about together."""

from collections.abc import Collection
from functools import reduce
from operator import and_

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import CheckConstraint


class CheckedTogether(models.Model):
    """A row that asks the database once whether all its checks hold; Django asks about each by itself.

    Each question names every column anew, so a model with many columns and checks waits for its own validation.
    """

    class Meta:
        abstract = True

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        """Ask about each by itself where one fails, to say which, and where columns are left out."""
        if exclude or not self._all_hold():
            super().validate_constraints(exclude=exclude)

    def _all_hold(self) -> bool:
        checks = [each.condition for each in self._meta.constraints if isinstance(each, CheckConstraint)]
        others = [each for each in self._meta.constraints if not isinstance(each, CheckConstraint)]
        together = CheckConstraint(condition=reduce(and_, checks), name="together")
        try:
            for constraint in (together, *others):
                constraint.validate(type(self), self)
        except ValidationError:
            return False
        return True
