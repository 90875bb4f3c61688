"""What a job of a figure does, the same for every peer in Python. See processes.py for the environment."""
import json
import os
import time

import psycopg2

FIGURE = os.environ.get("BENCH_FIGURE")
JOBS = int(os.environ.get("BENCH_JOBS", 0))
CONNECTIONS = int(os.environ.get("BENCH_CONNECTIONS", 0))


def report(**line):
    with open(os.environ["BENCH_REPORT"], "a", encoding="utf-8") as lines:
        lines.write(json.dumps(line) + "\n")


def drain():
    """Only the first and the last of the jobs look at the clock, and a job run twice counts once."""
    ran = bytearray(JOBS)
    left = JOBS
    first_ns = None

    def run(number, text):
        nonlocal left, first_ns
        if ran[number]:
            return
        ran[number] = 1
        if left == JOBS:
            first_ns = time.monotonic_ns()
        left -= 1
        if left == 0:
            report(first_ns=first_ns, last_ns=time.monotonic_ns())

    return run


def late():
    late_ns = []

    def run(due_ns, text):
        late_ns.append(time.monotonic_ns() - due_ns)
        if len(late_ns) == JOBS:
            report(late_ns=late_ns)

    return run


def insert():
    """A process runs one job at a time, so it has one connection, and opens it after the fork."""
    connection = None

    def run(number, text):
        nonlocal connection
        if connection is None:
            connection = psycopg2.connect(os.environ["DATABASE_URL"])
        with connection, connection.cursor() as cursor:  # BEGIN before the first statement, COMMIT at the end
            cursor.execute("INSERT INTO bench_effect (id, name) VALUES (%s, %s)", (number, text))

    return run


# In a client, which has no figure, there is nothing to run.
run = {"drain": drain, "latency": late, "countdown": late, "insert": insert}.get(FIGURE, lambda: None)()
