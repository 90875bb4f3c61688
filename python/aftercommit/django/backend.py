"""A backend of the Tasks framework of Django 6.0: TASKS = {"default": {"BACKEND": "aftercommit.django.Backend"}}.

The function of a task is declared in Python and never called there: a worker in C++ has its body, under its name.
"""
import datetime

from django.tasks import TaskResult, TaskResultStatus
from django.tasks.backends.base import BaseTaskBackend
from django.tasks.exceptions import InvalidTask

from ..tasks import Task

# Priorities are -100 to 100 there, 100 the most urgent.
_LEVELS = ((50, "critical"), (1, "high"), (0, "normal"), (-100, "low"))


class Backend(BaseTaskBackend):
    """OPTIONS: USING, the alias of a database, else that whose transaction is open; NAMES, {"shop.tasks.send_receipt":
    "send_receipt"}, for functions that workers know by another name than the function's own.

    What is asked for in transaction.atomic() exists if, and only if, that commits; transaction.on_commit is not needed.  There is
    no get_result(), since a job that is done does not say of which task it was: aftercommit.AsyncResult(result.id) has what is
    known of it.
    """

    supports_defer = True
    supports_async_task = False
    supports_get_result = False
    supports_priority = True

    def __init__(self, alias, params):
        super().__init__(alias, params)
        told = params.get("OPTIONS", {})
        self.using = told.get("USING")
        self.names = told.get("NAMES", {})

    def validate_task(self, task):
        super().validate_task(task)
        if task.takes_context:
            raise InvalidTask("A task whose body is in C++ takes no context")

    def name_of(self, task):
        """By which workers know it."""
        return self.names.get(task.module_path, task.func.__name__)

    def enqueue(self, task, args, kwargs):
        self.validate_task(task)
        asked = Task(self.name_of(task), using=self.using).apply_async(
            args, kwargs, queue=task.queue_name, eta=task.run_after, priority=_level_of(task.priority))
        return TaskResult(task=task, id=asked.id, status=TaskResultStatus.READY,
                          enqueued_at=datetime.datetime.now(datetime.timezone.utc), started_at=None, finished_at=None,
                          last_attempted_at=None, args=args, kwargs=kwargs, backend=self.alias, errors=[], worker_ids=[])


def _level_of(priority):
    return next(level for least, level in _LEVELS if priority >= least)
