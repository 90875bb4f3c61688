"""The backend of Django 6's Tasks, against its interface as documented: Debian 12 has Django 3.2, which has no Tasks.

What is put in the place of django.tasks has the names and fields of docs.djangoproject.com/en/6.0/ref/tasks/ and no behaviour
of its own, but for the checks of a queue and of priorities; so that Django calls the backend as it is called here is not shown.
"""
import dataclasses
import datetime
import enum
import sys
import types
import unittest
from typing import Any, Callable, Optional

from support import Tables

import psycopg2  # noqa: E402

import aftercommit  # noqa: E402


class InvalidTask(Exception):
    pass


class TaskResultStatus(enum.Enum):
    READY = "READY"


@dataclasses.dataclass(frozen=True)
class DjangoTask:
    priority: int
    func: Callable
    backend: str
    queue_name: str
    run_after: Optional[datetime.datetime] = None
    takes_context: bool = False

    @property
    def module_path(self):
        return f"{self.func.__module__}.{self.func.__qualname__}"


@dataclasses.dataclass(frozen=True)
class TaskResult:
    task: Any
    id: str
    status: TaskResultStatus
    enqueued_at: Optional[datetime.datetime]
    started_at: Optional[datetime.datetime]
    finished_at: Optional[datetime.datetime]
    last_attempted_at: Optional[datetime.datetime]
    args: list
    kwargs: dict
    backend: str
    errors: list
    worker_ids: list


class BaseTaskBackend:
    def __init__(self, alias, params):
        self.alias = alias
        self.queues = set(params.get("QUEUES", ["default"]))
        self.options = params.get("OPTIONS", {})

    def validate_task(self, task):
        if self.queues and task.queue_name not in self.queues:
            raise InvalidTask(f"Queue '{task.queue_name}' is not valid for backend.")


def stand_in():
    tasks, backends = types.ModuleType("django.tasks"), types.ModuleType("django.tasks.backends")
    base, exceptions = types.ModuleType("django.tasks.backends.base"), types.ModuleType("django.tasks.exceptions")
    tasks.TaskResult, tasks.TaskResultStatus = TaskResult, TaskResultStatus
    base.BaseTaskBackend, exceptions.InvalidTask = BaseTaskBackend, InvalidTask
    sys.modules.update({module.__name__: module for module in (tasks, backends, base, exceptions)})


def insert(value):
    raise AssertionError("the body is in C++")


class TasksBackend(Tables):
    def setUp(self):
        super().setUp()
        stand_in()
        self.connection = psycopg2.connect(self.url)
        self.addCleanup(self.connection.close)

    def backend(self, **options):
        from aftercommit.django import Backend
        place = aftercommit.on(self.connection, schema=self.schema)
        return Backend("default", {"QUEUES": ["default", "mail"], "OPTIONS": {"USING": place, **options}})

    def test_asks_in_the_open_transaction_for_what_the_task_says(self):
        run_after = datetime.datetime(2199, 1, 1, tzinfo=datetime.timezone.utc)
        backend = self.backend(NAMES={f"{__name__}.insert": "insert_row"})
        result = backend.enqueue(DjangoTask(60, insert, "default", "mail", run_after), [7], {})
        self.assertEqual(self.jobs(), [])
        self.connection.commit()
        (job,) = self.jobs()
        self.assertEqual((job["id"], job["task"], job["args"], job["queue"], job["priority"]),
                         (result.id, "insert_row", [7], "mail", 0))
        self.assertEqual(self.ask(f"SELECT due_at FROM {self.schema}.job"), [(run_after,)])
        self.assertEqual((result.status, result.backend, result.args), (TaskResultStatus.READY, "default", [7]))
        self.assertTrue(backend.supports_defer and backend.supports_priority)
        self.assertFalse(backend.supports_get_result or backend.supports_async_task)

    def test_has_the_four_levels_of_the_whole_range_of_priorities(self):
        backend = self.backend()
        for priority in (100, 50, 49, 1, 0, -1, -100):
            backend.enqueue(DjangoTask(priority, insert, "default", "default"), [priority], {})
        self.connection.commit()
        self.assertEqual([job.get("priority", 2) for job in self.jobs()], [0, 0, 1, 1, 2, 3, 3])
        self.assertEqual({job["task"] for job in self.jobs()}, {"insert"})

    def test_refuses_what_a_body_in_cpp_cannot_have(self):
        backend = self.backend()
        with self.assertRaises(InvalidTask):
            backend.validate_task(DjangoTask(0, insert, "default", "elsewhere"))
        with self.assertRaisesRegex(InvalidTask, "takes no context"):
            backend.validate_task(DjangoTask(0, insert, "default", "default", takes_context=True))
        with self.assertRaisesRegex(TypeError, "by position"):
            backend.enqueue(DjangoTask(0, insert, "default", "default"), [], {"value": 7})


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
