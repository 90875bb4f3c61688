"""Runs RQ's jobs in this process. RQ's ordinary worker forks for each, which is slower still."""
import rq

import jobs
from rq_queue import queue, settings

worker = rq.SimpleWorker([queue], **settings)
jobs.report(ready=True)
worker.work(logging_level="ERROR")
