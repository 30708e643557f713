"""The column that says who did something."""

from typing import Any

from django.db import models
from django.db.models import Q

from integrations.rules.actors import ActorKind


class ActorField(models.CharField):  # type: ignore[type-arg] # CharField is no generic at run time
    """Holds ``str(Actor)``; see ``integrations.rules.actors``."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 80)
        kwargs.setdefault("editable", False)
        super().__init__(*args, **kwargs)

    @staticmethod
    def well_formed(name: str) -> Q:
        """Return the condition that the column names a person or a command, or is the portal."""
        return (
            Q(**{f"{name}__startswith": f"{ActorKind.PERSON}:"})
            | Q(**{f"{name}__startswith": f"{ActorKind.COMMAND}:"})
            | Q(**{name: str(ActorKind.PORTAL)})
        )
