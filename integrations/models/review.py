"""Rounds of the Data & Security Review, the permission of an app, and every step that either took."""

import uuid

from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Length
from django.db.models.lookups import Exact
from django.utils import timezone

from integrations.models.actors import ActorField
from integrations.models.application import Application
from integrations.rules.workflow import PermissionState, ReviewState

HASH_LENGTH = 64


class Review(models.Model):
    """One round of the Data & Security Review of one app.

    ``form`` is what staff fill in (``rules.review_form``); it changes while it is a draft. ``submitted`` is the whole
    of what went to Exact, with scopes and reasons, and never changes: a trigger of the database holds it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="reviews")
    number = models.PositiveIntegerField("round", editable=False)
    state = models.CharField(max_length=10, default=ReviewState.DRAFT)
    version = models.PositiveIntegerField(default=1, editable=False)
    form = models.JSONField(default=dict)
    concerned = models.JSONField(
        default=list, help_text="The fields that Exact's rejection of the round before it was about."
    )
    submitted = models.JSONField(null=True, blank=True, editable=False)
    submitted_hash = models.CharField("SHA-256", max_length=HASH_LENGTH, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = ActorField()

    class Meta:
        verbose_name = "review"
        ordering = ["application", "-number"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["application", "number"], name="review_numbered"),
            models.UniqueConstraint(
                fields=["application"],
                condition=Q(state__in=["draft", "submitted", "in_review"]),
                name="review_one_open_an_app",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[str(state) for state in ReviewState]), name="review_state_is_known"
            ),
            models.CheckConstraint(
                condition=Q(state="draft", submitted__isnull=True, submitted_hash="")
                | (~Q(state="draft") & Q(submitted__isnull=False) & Q(Exact(Length("submitted_hash"), HASH_LENGTH))),
                name="review_submitted_is_frozen",
            ),
            models.CheckConstraint(condition=Q(number__gte=1) & Q(version__gte=1), name="review_counts_from_one"),
            models.CheckConstraint(condition=ActorField.well_formed("created_by"), name="review_created_by_is_known"),
        ]

    def __str__(self) -> str:
        return f"round {self.number}"

    @property
    def is_draft(self) -> bool:
        return self.state == ReviewState.DRAFT


class PermissionRequest(models.Model):
    """One request for Exact's permission, and what became of it. The newest one of an app is how Exact stands to it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="permission_requests")
    number = models.PositiveIntegerField(editable=False)
    state = models.CharField(max_length=10)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = ActorField()

    class Meta:
        verbose_name = "permission"
        ordering = ["application", "-number"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["application", "number"], name="permission_numbered"),
            models.UniqueConstraint(
                fields=["application"],
                condition=Q(state__in=["requested", "granted"]),
                name="permission_one_open_an_app",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[str(state) for state in PermissionState if state != "none"]),
                name="permission_state_is_known",
            ),
            models.CheckConstraint(condition=Q(number__gte=1), name="permission_counts_from_one"),
            models.CheckConstraint(
                condition=ActorField.well_formed("created_by"), name="permission_created_by_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"permission {self.number}"


class WorkflowStep(models.Model):
    """One step of a review or of a permission: what was recorded, of which day, by whom. Never changed.

    One of neither is a note about a permission that nobody had requested, from before there were these rows.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="workflow_steps")
    review = models.ForeignKey(Review, on_delete=models.CASCADE, null=True, blank=True, related_name="steps")
    permission = models.ForeignKey(
        PermissionRequest, on_delete=models.CASCADE, null=True, blank=True, related_name="steps"
    )
    code = models.CharField(max_length=20, help_text="As rules.workflow has it; as_it_stood where nobody saw the step.")
    before = models.CharField(max_length=10)
    after = models.CharField(max_length=10)
    on = models.DateField(null=True, blank=True, help_text="The day it happened; none where nobody knows.")
    note = models.TextField(max_length=4000, blank=True, validators=[MaxLengthValidator(4000)])
    evidence = models.URLField(max_length=500, blank=True)
    at = models.DateTimeField(default=timezone.now, editable=False)
    by = ActorField()

    class Meta:
        verbose_name = "step"
        ordering = ["at", "id"]
        default_permissions = ()
        indexes = [models.Index(fields=["application", "at"], name="step_by_app")]
        constraints = [
            models.CheckConstraint(
                condition=Q(review__isnull=True) | Q(permission__isnull=True), name="step_of_one_course"
            ),
            models.CheckConstraint(condition=ActorField.well_formed("by"), name="step_by_is_known"),
            models.CheckConstraint(condition=~Q(code="") & ~Q(after=""), name="step_says_what"),
        ]

    def __str__(self) -> str:
        return f"{self.before} → {self.after}"


class ReviewerQuestion(models.Model):
    """What a reviewer of Exact asked about a round, and what we answered."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="questions")
    asked_on = models.DateField()
    question = models.TextField(max_length=4000, validators=[MaxLengthValidator(4000)])
    answered_on = models.DateField(null=True, blank=True)
    answer = models.TextField(max_length=4000, blank=True, validators=[MaxLengthValidator(4000)])
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = ActorField()

    class Meta:
        verbose_name = "question of a reviewer"
        verbose_name_plural = "questions of reviewers"
        ordering = ["asked_on", "created_at", "id"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(condition=~Q(question=""), name="reviewer_question_asks_something"),
            models.CheckConstraint(
                condition=Q(answered_on__isnull=True, answer="") | (Q(answered_on__isnull=False) & ~Q(answer="")),
                name="reviewer_question_answered_with_a_day",
            ),
            models.CheckConstraint(
                condition=ActorField.well_formed("created_by"), name="reviewer_question_created_by_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"question of {self.asked_on}"


class LibraryAnswer(models.Model):
    """An answer of our own to one of the form's questions, to be used again for any app."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.PositiveSmallIntegerField("question", help_text="1 to 12.")
    name = models.CharField(max_length=100, help_text="By which colleagues find it.")
    answer = models.CharField(max_length=14)
    explanation = models.TextField(max_length=1000, blank=True, validators=[MaxLengthValidator(1000)])
    evidence = models.URLField("evidence", max_length=500, blank=True, help_text="The address of what shows it.")
    valid_until = models.DateField(null=True, blank=True, help_text="When the evidence expires.")
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        verbose_name = "answer"
        ordering = ["number", "name", "id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["number", "name"], name="library_answer_named_once"),
            models.CheckConstraint(condition=Q(number__gte=1, number__lte=12), name="library_answer_to_a_question"),
            models.CheckConstraint(
                condition=Q(answer__in=["yes", "no"]) | Q(answer="not_applicable", number=11),
                name="library_answer_is_known",
            ),
            models.CheckConstraint(condition=~Q(name=""), name="library_answer_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name
