"""The Django project: settings, URLs, Celery, and the processes of `make run`."""
