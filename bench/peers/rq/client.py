"""Enqueues RQ's jobs."""
import enqueue
from rq_queue import queue

# result_ttl=0: nothing is kept of a job that is done, which is less work for the worker.
enqueue.main(add=lambda number: queue.enqueue("jobs.run", number, "welcome", result_ttl=0))
