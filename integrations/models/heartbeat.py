"""Signs of life of the processes that nobody sees."""

from django.db import models


class Heartbeat(models.Model):
    """When a process last did its work."""

    class Process(models.TextChoices):
        WORKER = "worker", "Worker"
        BEAT = "beat", "Scheduler"

    process = models.CharField(max_length=10, primary_key=True, choices=Process.choices)
    at = models.DateTimeField()

    class Meta:
        verbose_name = "heartbeat"
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=models.Q(process__in=["worker", "beat"]), name="heartbeat_process_is_known"
            )
        ]

    def __str__(self) -> str:
        return self.process
