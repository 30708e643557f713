"""A column that is searched by how its text begins, on an index, the same on both databases."""

from typing import Any, Final

from django.db import models
from django.db.models.lookups import Lookup

from integrations.rules.folding import fold

LAST: Final = "\U0010ffff"
LONGEST: Final = 200


class FoldedField(models.CharField):  # type: ignore[type-arg] # CharField is no generic at run time
    """Holds the folded text of the column named by ``source``, written whenever the row is.

    ``save(update_fields=…)`` and ``bulk_create(update_fields=…)`` have to name it beside its source.
    """

    def __init__(self, *args: Any, source: str = "", **kwargs: Any) -> None:
        self.source = source
        kwargs |= {"max_length": LONGEST, "editable": False, "default": "", "db_index": True}
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> tuple[str, str, Any, dict[str, Any]]:
        name, path, args, kwargs = super().deconstruct()
        for fixed in ("max_length", "editable", "default", "db_index"):
            kwargs.pop(fixed, None)
        return name or "", path, args, {**kwargs, "source": self.source}

    def pre_save(self, model_instance: models.Model, add: bool) -> str:  # noqa: FBT001 (Django's signature)
        folded = fold(getattr(model_instance, self.source))[:LONGEST]
        setattr(model_instance, self.attname, folded)
        return folded


@FoldedField.register_lookup
class Prefix(Lookup):
    """``name_key__prefix="jan"``. SQLite's LIKE takes no index, so there it is a range; PostgreSQL's range
    follows the language of the database, so there it is LIKE, on the index that Django makes for that."""

    lookup_name = "prefix"

    def get_prep_lookup(self) -> str:
        return fold(str(self.rhs))[:LONGEST]

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, parameters = self.process_lhs(compiler, connection)
        sql = f"({column} >= %s AND {column} < %s)"
        return sql, (*parameters, self.rhs, *parameters, f"{self.rhs}{LAST}")

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, parameters = self.process_lhs(compiler, connection)
        return f"{column} LIKE %s", (*parameters, f"{connection.ops.prep_for_like_query(self.rhs)}%")
