"""Asks for jobs of aftercommit in the transaction that is open: a job exists if, and only if, that commits.

    send_receipt = task("send_receipt", queue="mail")

    with transaction.atomic():
        order = Order.objects.create(email=email)
        send_receipt.delay(order.pk)
"""
from .errors import (ConfigError, EncodeError, Error, JobCancelled, JobFailed, NoTransaction, TimeoutError, UsageError,
                     ValueExpired)
from .places import on
from .results import AsyncResult
from .tasks import Task, task

__version__ = "0.2.0"
__all__ = ["AsyncResult", "ConfigError", "EncodeError", "Error", "JobCancelled", "JobFailed", "NoTransaction", "Task",
           "TimeoutError", "UsageError", "ValueExpired", "on", "task"]
