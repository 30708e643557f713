"""Rows, their constraints and QuerySets; one module per aggregate."""

from integrations.models.application import Application, Kind, region_choices
from integrations.models.audit import AuditEvent
from integrations.models.calendar import CalendarFeed
from integrations.models.check_day import CheckDay
from integrations.models.client_secret import ClientSecret
from integrations.models.connection import Access, Company, Connection, ConnectionCheck, StatusChange
from integrations.models.customer import Customer, Language
from integrations.models.heartbeat import Heartbeat
from integrations.models.installation import Installation, MonitorCall
from integrations.models.key_copy import KeyStoredElsewhere
from integrations.models.key_test import KeyTest
from integrations.models.keyring import KeyRingCanary
from integrations.models.link import AuthorizationState, LinkPage
from integrations.models.organization import Organization, OrganizationLogo
from integrations.models.retention import RetentionRun
from integrations.models.review import LibraryAnswer, PermissionRequest, Review, ReviewerQuestion, WorkflowStep
from integrations.models.scopes import ScopeApproval, ScopeSelection
from integrations.models.signing_in import FamiliarNetwork, SignInTally
from integrations.models.usage import UsageCount, UsageWindow
from integrations.models.user import User

__all__ = [
    "Access",
    "Application",
    "AuditEvent",
    "AuthorizationState",
    "CalendarFeed",
    "CheckDay",
    "ClientSecret",
    "Company",
    "Connection",
    "ConnectionCheck",
    "Customer",
    "FamiliarNetwork",
    "Heartbeat",
    "Installation",
    "KeyRingCanary",
    "KeyStoredElsewhere",
    "KeyTest",
    "Kind",
    "Language",
    "LibraryAnswer",
    "LinkPage",
    "MonitorCall",
    "Organization",
    "OrganizationLogo",
    "PermissionRequest",
    "RetentionRun",
    "Review",
    "ReviewerQuestion",
    "ScopeApproval",
    "ScopeSelection",
    "SignInTally",
    "StatusChange",
    "UsageCount",
    "UsageWindow",
    "User",
    "WorkflowStep",
    "region_choices",
]
