"""What the tests of aftercommit in Python share: tables of their own, a real worker, and conditions with a deadline.

The servers are those of DATABASE_URL and REDIS_URL; AFTERCOMMIT_BIN has the commands, AFTERCOMMIT_LIBRARY the tasks.
"""
import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "python"))
sys.dont_write_bytecode = True

import psycopg2  # noqa: E402

BIN = Path(os.environ["AFTERCOMMIT_BIN"])
LIBRARY = os.environ["AFTERCOMMIT_LIBRARY"]
DEADLINE = 40  # seconds
_number = itertools.count(1)

TABLES = (ROOT / "tests/support/programs/test_tables.sql").read_text()


def until(condition, what):
    deadline = time.monotonic() + DEADLINE
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"it did not come to pass: {what}")
        time.sleep(0.02)


def beside(url, option):
    return url + ("&" if "?" in url else "?") + option


class Tables(unittest.TestCase):
    """A schema of the test's own with the tables of jobs and those of the test tasks; looked at from outside."""

    def setUp(self):
        self.schema = f"python_{os.getpid()}_{next(_number)}"
        self.url = beside(os.environ["DATABASE_URL"], f"options=-csearch_path%3D{self.schema},public")
        self.redis = beside(os.environ["REDIS_URL"], f"prefix={self.schema}")
        self.outside = psycopg2.connect(self.url)
        self.outside.autocommit = True
        self.ask(f"CREATE SCHEMA {self.schema}; {TABLES}")
        self.addCleanup(self._drop)
        self.aftercommit("migrate")

    def _drop(self):
        self.ask("SET client_min_messages = warning; "
                 "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE pid <> pg_backend_pid() AND relation IN "
                 f"(SELECT oid FROM pg_class WHERE relnamespace = '{self.schema}'::regnamespace); "
                 f"DROP SCHEMA {self.schema} CASCADE")
        self.outside.close()

    def ask(self, sql):
        with self.outside.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else None

    def aftercommit(self, *words):
        subprocess.run([BIN / "aftercommit", *words, "--database", self.url, "--schema", self.schema], check=True,
                       stdout=subprocess.DEVNULL)

    def jobs(self):
        """The envelopes that others see, in the order of their ids."""
        return [json.loads(envelope) for (envelope,) in self.ask(f"SELECT envelope FROM {self.schema}.job ORDER BY id")]

    def effects(self):
        return sorted(value for (value,) in self.ask("SELECT value FROM effect"))

    def start_worker(self, *options):
        log = tempfile.NamedTemporaryFile(prefix="aftercommit-worker-", suffix=".log")
        self.addCleanup(log.close)
        worker = subprocess.Popen([BIN / "worker", "--app", LIBRARY, "--redis", self.redis, "--database", self.url, "--schema",
                                   self.schema, *options], stderr=log)
        self.addCleanup(self._stop, worker)

        def has_started():
            if worker.poll() is not None:
                raise AssertionError(f"the worker has ended: {Path(log.name).read_text()}")
            return "worker started" in Path(log.name).read_text()
        until(has_started, "a worker has started")

    @staticmethod
    def _stop(worker):
        worker.send_signal(signal.SIGTERM)
        try:
            worker.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()
