"""Runs Celery's jobs."""
import jobs
from tasks import app

# The solo pool runs a job where it is fetched, and no other drains faster: handing it to a thread or a
# process costs more than a small job does. Jobs that wait for the database get a process a connection.
pool = ["prefork", jobs.CONNECTIONS] if jobs.FIGURE == "insert" else ["solo", 1]

app.worker_main(
    [
        "worker",
        f"--pool={pool[0]}",
        f"--concurrency={pool[1]}",
        "--loglevel=ERROR",
        "--without-gossip",
        "--without-mingle",
        "--without-heartbeat",
    ]
)
