"""Rows, their constraints and QuerySets; one module per aggregate."""

from integrations.models.application import Application, ClientSecret, Kind, region_choices
from integrations.models.audit import AuditEvent
from integrations.models.keyring import KeyRingCanary
from integrations.models.organization import Organization
from integrations.models.user import User

__all__ = [
    "Application",
    "AuditEvent",
    "ClientSecret",
    "KeyRingCanary",
    "Kind",
    "Organization",
    "User",
    "region_choices",
]
