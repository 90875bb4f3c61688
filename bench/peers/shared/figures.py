"""What each figure does with a peer's client and worker, and what it answers."""
import contextlib
import math
import time

import psycopg2
import redis

from processes import CONNECTIONS, PATIENCE_SECONDS, Failure, Worker, client, setting

COUNTDOWN_MS = 500
HOUR_MS = 3_600_000
UNCOUNTED = 20  # jobs of latency and countdown: the first ones warm up connections and caches
SETTLE_SECONDS = 0.5


def enqueue_one(peer, jobs):
    return {"rate": jobs / client(peer, "one", jobs)}


def enqueue_bulk(peer, jobs):
    return {"rate": jobs / client(peer, "bulk", jobs)}


def drain(peer, jobs):
    client(peer, "fill", jobs)
    with Worker(peer, "drain", jobs) as worker:
        ran = worker.wait_for("last_ns")
    return {"rate": (jobs - 1) * 1e9 / (ran["last_ns"] - ran["first_ns"])}


def latency(peer, jobs):
    return paced(peer, "latency", jobs, 0)


def countdown(peer, jobs):
    return paced(peer, "countdown", jobs, COUNTDOWN_MS)


def paced(peer, figure, jobs, countdown_ms):
    with Worker(peer, figure, jobs) as worker:
        worker.wait_for("ready")
        time.sleep(SETTLE_SECONDS)
        client(peer, "paced", jobs, countdown_ms)
        late_ms = sorted(late / 1e6 for late in worker.wait_for("late_ns")["late_ns"][UNCOUNTED:])
    return {"p50_ms": percentile(late_ms, 50), "p99_ms": percentile(late_ms, 99)}


def percentile(ordered, percent):
    return ordered[math.ceil(len(ordered) * percent / 100) - 1]


def insert(peer, jobs):
    with effect_table() as effects:
        client(peer, "fill", jobs)
        with Worker(peer, "insert", jobs) as worker:
            end = time.monotonic() + PATIENCE_SECONDS
            while effects("count(*)") < jobs:
                worker.check()
                if time.monotonic() > end:
                    ran = effects("count(*)")
                    raise Failure(f"only {ran} of {jobs} jobs had run after {PATIENCE_SECONDS} s.")
                time.sleep(0.25)
        check(effects, jobs)
        return {"rate": effects("(count(*) - 1) / extract(epoch FROM max(at) - min(at))::float8")}


def enqueue_tx(clients):
    def figure(peer, jobs):
        with effect_table() as effects:
            seconds = client(peer, "tx", jobs, clients)
            check(effects, jobs)
            return {"rate": jobs / seconds}

    return figure


@contextlib.contextmanager
def effect_table():
    """Makes the table that jobs insert into; yields a function that answers an expression over its rows."""
    with contextlib.closing(psycopg2.connect(setting("DATABASE_URL"))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE TABLE bench_effect (id bigint, name text, at timestamptz DEFAULT clock_timestamp())"
            )

            def effects(expression):
                cursor.execute(f"SELECT {expression} FROM bench_effect")
                return cursor.fetchone()[0]

            yield effects


def check(effects, jobs):
    if (rows := effects("count(*)")) != jobs:
        raise Failure(f"bench_effect has {rows} rows, where {jobs} jobs should have left one each.")


def memory(peer, jobs):
    with contextlib.closing(redis.Redis.from_url(setting("REDIS_URL"))) as server:

        def bytes_per_job(action, *argument):
            server.flushall()
            before = server.info("memory")["used_memory"]
            client(peer, action, jobs, *argument)
            return (server.info("memory")["used_memory"] - before) / jobs

        result = {"waiting_bytes": bytes_per_job("fill"), "delayed_bytes": bytes_per_job("delayed", HOUR_MS)}
        server.flushall()
        return result


FIGURES = {
    "enqueue_one": enqueue_one,
    "enqueue_bulk": enqueue_bulk,
    "drain": drain,
    "latency": latency,
    "countdown": countdown,
    "insert": insert,
    "enqueue_tx_1": enqueue_tx(1),
    "enqueue_tx_16": enqueue_tx(CONNECTIONS),
    "memory": memory,
}
