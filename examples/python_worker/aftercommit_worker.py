#!/usr/bin/env python3
"""A worker in Python, beside those in C++: fetches jobs of its tasks, runs each in one transaction with its claim, settles it,
and holds a lease.  Promoting, relaying and recovering are left to the others.

usage: aftercommit_worker.py --redis URL --database URL --queues A,B [--schema NAME] [--lease S] TASKS.py

TASKS.py has a dict `tasks`: by name a function that is called as function(cursor, job, *args), within the transaction; and may
have a dict `retries`: of which tasks how often, instead of 20 times.  What a function returns is for a flow that waits for the
job: something that JSON has a form for, or None.  The scripts and statements are those of the sources of aftercommit:
../../broker/redis/lua and ../../client/sql.
"""
import argparse
import importlib.util
import json
import os
import secrets
import signal
import socket
import sys
import threading
import time
import uuid

import psycopg2

import job_text
from redis_wire import Redis, RedisError
from sources import lua, sql

MARGIN = 0.2  # of a lease: how much earlier than Redis we take it for ended
GRACE_MS = 600_000  # of a job whose task nobody knows
MAX_RETRIES = 20
BACKOFF = {"kind": "exponential", "base_ms": 1000}
LOST = (psycopg2.OperationalError, psycopg2.InterfaceError)


class Lease:
    """Held in each queue by a thread and a connection of its own, so that no job holds it up."""

    def __init__(self, worker, redis_url, queues, seconds):
        self.worker, self.queues, self.seconds = worker, queues, seconds
        self._redis = Redis(redis_url, seconds / 3)
        self._script = lua("renew")
        self._trusted_until = 0.0
        self._stop = threading.Event()
        self.renew()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def holds(self):
        return time.monotonic() < self._trusted_until

    def renew(self):
        asked = time.monotonic()  # from here on, however slow the answer is
        for queue in self.queues:
            self._redis.call("EVAL", self._script, 1, f"{self._redis.prefix}:{{{queue}}}:workers", self.worker,
                             int(self.seconds * 1000))
        self._trusted_until = asked + self.seconds * (1 - MARGIN)

    def _run(self):
        while not self._stop.wait(self.seconds / 4):
            try:
                self.renew()
            except (OSError, RedisError) as error:
                print(f"the lease could not be renewed: {error}", file=sys.stderr, flush=True)

    def stop(self):
        self._stop.set()
        self._thread.join()


class Worker:
    def __init__(self, options, tasks, retries):
        self.id = f"{socket.gethostname()[:24]}-{os.getpid()}-{secrets.token_hex(6)}".replace("_", "-")
        self.tasks, self.retries = tasks, retries
        self.queues, self.schema = options.queues.split(","), options.schema
        self.redis = Redis(options.redis, 5.0)
        self._url, self._database = options.database, None
        self._scripts = {"home": lua("home"), **{name: lua("held", name) for name in ("ack", "retry", "bury", "aside")}}
        self._own_first = True  # entries in our name that an answer which was lost may have given us
        self.lease = Lease(self.id, options.redis, self.queues, options.lease)

    # --- Redis

    def key(self, queue, name):
        return f"{self.redis.prefix}:{{{queue}}}:{name}"

    def script(self, text, keys, *words):
        return self.redis.call("EVAL", text, len(keys), *keys, *words)

    def open_queues(self):
        """Says whose rows are meant before anything is fetched."""
        ((token, self._where, instance),) = self.query("home/read_home.sql")
        for queue in self.queues:
            self.script(lua("take", "group"), [self.key(queue, name) for name in ("stream", "durable", "relay")])
            self.require_home(queue, token, instance)

    def require_home(self, queue, token, instance):
        """Throws where the queue is another database's: then no row here means nothing."""
        found = self.script(self._scripts["home"], [self.key(queue, "home")], "0", "", "", "default", token, self._where, instance)
        if found:
            raise RuntimeError(f"queue '{queue}' is not of this database: {found}")

    def fetch(self):
        """At most one entry of each queue: (queue, entry, payload)."""
        start = "0" if self._own_first else ">"
        words = ["XREADGROUP", "GROUP", "workers", self.id, "COUNT", 1]
        words += ["BLOCK", 200] if start == ">" else []
        words += ["STREAMS", *[self.key(queue, "stream") for queue in self.queues], *[start] * len(self.queues)]
        found = self.redis.call(*words, wait=0.2) or []
        taken = [(self.queue_of(stream), entry, dict(zip(fields[::2], fields[1::2])).get(b"e") if fields else None)
                 for stream, entries in found for entry, fields in entries]
        self._own_first = self._own_first and bool(taken)
        return taken

    @staticmethod
    def queue_of(stream):
        return stream.decode().split("{", 1)[1].split("}", 1)[0]

    def settle(self, how, queue, entry, keys, before, words):
        """By a script, which sees itself that the entry is still ours."""
        (answer,) = self.script(self._scripts[how], [self.key(queue, name) for name in ["stream", *keys]], self.id, entry, entry,
                                *before, entry, *words)
        if answer != 1:
            print(f"entry {entry.decode()} is no longer ours", file=sys.stderr, flush=True)

    def ack(self, queue, entry, job):
        self.settle("ack", queue, entry, ["durable"], [], [self.id_of_durable(job)])

    def retry(self, queue, entry, payload, countdown_ms):
        self.settle("retry", queue, entry, ["delayed"], [self.key(queue, "wake")], [countdown_ms, payload])

    @staticmethod
    def id_of_durable(job):
        return uuid.UUID(job["id"]).bytes if job.get("durable") else b""

    # --- PostgreSQL

    def session(self):
        """Carries our id, so that who takes over our jobs can end it."""
        if self._database is None or self._database.closed:
            self._database = psycopg2.connect(self._url, application_name=f"ac:{self.id}")
            self.query("session/worker_session.sql")
        return self._database

    def leave_transaction(self):
        try:
            if self._database is not None:
                self._database.rollback()
        except psycopg2.Error:
            self._database.close()

    def query(self, path, *values):
        """A short transaction of its own, with these values for $1, $2 ...: its rows, or how many it has changed."""
        session = self.session()
        with session, session.cursor() as cursor:
            cursor.execute(sql(path, self.schema), {f"p{n}": value for n, value in enumerate(("", *values))})
            return cursor.fetchall() if cursor.description else cursor.rowcount

    # --- A job

    def run_one(self, queue, entry, payload):
        try:
            job = job_text.read(payload)
            body = self.tasks.get(job["task"])
        except (ValueError, TypeError, KeyError):  # what is no envelope is for another worker to bury
            if payload is None:  # nor is it there any more
                self.redis.call("XACK", self.key(queue, "stream"), "workers", entry)
            else:
                self.retry(queue, entry, payload, 5000)
            return
        if body is None:
            aside = {"unknown_since": job_text.now_ms(), **job}
            reason = f"task:{job['task']}"
            self.settle("aside", queue, entry, ["aside", f"aside:{reason}"], [reason], [GRACE_MS, job_text.write(aside)])
        elif "expires_at" in job and job["expires_at"] < job_text.now_ms():
            self.query("jobs/finish_job.sql", job["id"], job.get("attempt", 1))
            self.ack(queue, entry, job)
        elif not self.lease.holds():
            self.retry(queue, entry, payload, 1000)
        else:
            self.attempt(queue, entry, payload, job, body)

    def attempt(self, queue, entry, payload, job, body):
        try:
            effect = self.execute(job, body)
        except LOST as error:  # a conflict, or lost in the body or in COMMIT: the next claim finds out which
            print(f"job {job['id']}: {error}", file=sys.stderr, flush=True)
            self.leave_transaction()
            self.retry(queue, entry, payload, 1000)
            return
        except Exception as error:  # noqa: BLE001  (whatever a task throws)
            self.leave_transaction()
            self.fail(queue, entry, payload, job, error)
            return
        if effect:
            self.ack(queue, entry, job)
        else:
            self.without_claim(queue, entry, payload, job)

    def execute(self, job, body):
        """One transaction, in which the job is claimed first: whether it has taken effect."""
        claim = "ledger/guard_ledger.sql" if not job.get("durable") else \
            "jobs/guard_unique.sql" if job.get("unique") else "jobs/guard_job.sql"
        session = self.session()
        with session.cursor() as cursor:
            cursor.execute(sql(claim, self.schema), {"id": job["id"], "attempt": job.get("attempt", 1)})
            claimed = cursor.fetchone()
            if claimed is None:
                session.rollback()
                return False
            value = body(cursor, job, *job["args"])
            if job.get("flow"):
                self.tell_flow(cursor, job, value)
            cursor.execute(sql("jobs/proof.sql", self.schema), {"xact": claimed[0]})
        session.commit()
        return True

    def tell_flow(self, cursor, job, value):
        """With the end of the job, for whose value a flow waits: else that has lost a child, and is a dead letter."""
        text = None if value is None else json.dumps(value, allow_nan=False)
        cursor.execute(sql("flows/tell_flow.sql", self.schema), {"id": job["id"], "value": text})

    def without_claim(self, queue, entry, payload, job):
        """No row at this attempt, or no place in the ledger: done, changed, or in somebody's hands."""
        if not job.get("durable"):
            if self.query("ledger/find_in_ledger.sql", job["id"]):
                self.ack(queue, entry, job)
            else:
                self.retry(queue, entry, payload, 1000)
            return
        ((token, instance, row, _, attempt, due_in_ms, envelope),) = self.query("jobs/look_for_job.sql", job["id"])
        if row is None:
            self.require_home(queue, token, instance)  # by the same answer: only then is no row a job that is done
            self.ack(queue, entry, job)
            return
        same = attempt == job.get("attempt", 1)
        self.retry(queue, entry, payload if same else envelope, 1000 if same else max(due_in_ms, 0))

    def fail(self, queue, entry, payload, job, error):
        """Where the truth about the job is first, and there fenced by its attempt; then in Redis."""
        last = job.get("attempt", 1)
        next_one = job_text.failed(job, self.id, error)
        if job_text.may_retry(job, self.retries.get(job["task"], MAX_RETRIES)):
            wait_ms = job_text.countdown_ms(job, BACKOFF)
            text = job_text.write(next_one)
            if job.get("durable") and not self.query("jobs/record_attempt.sql", job["id"], last, last + 1, text, wait_ms):
                self.without_claim(queue, entry, payload, job)  # somebody else has settled this attempt
            else:
                self.retry(queue, entry, text, wait_ms)
            return
        letter = job_text.letter({**next_one, "attempt": last}, self.id, entry.decode(), "retries_exhausted", str(error))
        if job.get("durable"):
            self.query("dead/bury_job.sql", job["id"], last, letter)
            self.ack(queue, entry, job)
        else:
            self.settle("bury", queue, entry, ["durable", "dead"], [], [b"", letter])

    # --- Until it is told to stop

    def run(self, stop):
        self.open_queues()
        print(f"worker started: {self.id}", file=sys.stderr, flush=True)
        while not stop.is_set():
            try:
                for fetched in self.fetch():
                    self.run_one(*fetched)
            except (OSError, RedisError, *LOST) as error:
                print(f"trying again: {error}", file=sys.stderr, flush=True)
                self._own_first = True
                stop.wait(0.3)
        self.lease.stop()
        for queue in self.queues:
            self.script(lua("retire"), [self.key(queue, "workers"), self.key(queue, "stream")], self.id)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--redis", default=os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0"))
    parser.add_argument("--database", default=os.environ.get("DATABASE_URL"))
    parser.add_argument("--queues", default="default")
    parser.add_argument("--schema", default="aftercommit")
    parser.add_argument("--lease", type=float, default=15.0)
    parser.add_argument("tasks")
    options = parser.parse_args()
    spec = importlib.util.spec_from_file_location("tasks", options.tasks)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    Worker(options, module.tasks, getattr(module, "retries", {})).run(stop)


if __name__ == "__main__":
    main()
