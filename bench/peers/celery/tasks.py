"""Celery's application with its one task."""
import celery
from celery.signals import worker_ready

import jobs
from processes import setting

app = celery.Celery("tasks", broker=setting("REDIS_URL"))
app.conf.update(
    task_ignore_result=True,  # no result backend: a result would cost a write for each job
    task_serializer="json",
    accept_content=["json"],
    worker_prefetch_multiplier=0,  # no limit, which spares the worker the count
    worker_disable_rate_limits=True,
    worker_enable_remote_control=False,
    worker_timer_precision=0.001,  # seconds; a due job would wait up to 1 s otherwise
)


@app.task(name="job")
def job(number, text):
    jobs.run(number, text)


@worker_ready.connect
def ready(**_):
    jobs.report(ready=True)
