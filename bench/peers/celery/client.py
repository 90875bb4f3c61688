"""Enqueues Celery's jobs."""
import enqueue
from tasks import job

enqueue.main(
    add=lambda number: job.apply_async((number, "welcome")),
    add_later=lambda number, seconds: job.apply_async((number, "welcome"), countdown=seconds),
)
