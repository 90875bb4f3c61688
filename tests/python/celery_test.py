"""What clients of Celery ask for, with its own library, made durable jobs of by a real worker and run by it."""
import datetime
import json
import os
import socket
import subprocess
import sys
import unittest
import urllib.request
import uuid
from urllib.parse import urlsplit

import psycopg2
from support import BIN, TABLES, Tables, until

import aftercommit  # noqa: E402  (found by support)
from celery import chain, chord, group  # noqa: E402
from celery_support import celery_app  # noqa: E402

UTC = datetime.timezone.utc


def free_port():
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        return chosen.getsockname()[1]


class CeleryClient(Tables):
    def setUp(self):
        super().setUp()
        self.queue = f"celery_{self.schema}"
        self.celery, self.task = celery_app(os.environ["REDIS_URL"], self.queue)
        self.addCleanup(self._clean)
        self.insert = self.task("insert")

    def _clean(self):
        with self.celery.connection_for_write() as connection:
            connection.default_channel.client.delete(self.queue, f"_kombu.binding.{self.queue}")
        self.celery.close()

    def start_bridge(self, *options):
        """Of a worker that runs none of the jobs, where options do not say otherwise."""
        self.start_worker("--celery-queue", self.queue, *options)

    def dead(self):
        return dict(self.ask(f"SELECT id::text, letter::json->>'reason' FROM {self.schema}.dead"))

    def test_has_each_task_run_once_under_its_id_and_drops_what_has_expired(self):
        self.insert.apply_async((0,), expires=datetime.datetime.now(UTC) - datetime.timedelta(seconds=1))
        self.insert.apply_async((6,), countdown=1)
        self.start_bridge("--queues", self.queue)
        two, answer = self.task("two"), self.task("answer")
        asked = [self.insert.delay(1), two.delay(2, "Grüße \U0001f600 \x01\"\\"), answer.delay(3, "")]
        group(self.insert.s(n) for n in (4, 5)).delay()
        until(lambda: self.effects() == [1, 2, 3, 4, 5, 6] and not self.jobs(), "all have run")
        ids = {job for (job,) in self.ask("SELECT job_id FROM effect")}
        self.assertLessEqual({one.id for one in asked}, ids)
        value = aftercommit.AsyncResult(asked[2].id, aftercommit.on(self.outside, schema=self.schema)).get(timeout=30)
        self.assertEqual(value, "answer 3")

    def test_gives_a_job_what_its_call_has_said(self):
        self.start_bridge()
        mine = uuid.uuid4()
        eta = datetime.datetime(2199, 1, 1, 2, tzinfo=datetime.timezone(datetime.timedelta(hours=2)))
        given = [2**63 - 1, -2**63, 0.1, "ü", None, {"a": [True]}]
        before = datetime.datetime.now(UTC)
        self.task("any").apply_async(given, eta=eta, task_id=str(mine), expires=eta + datetime.timedelta(days=1),
                                     priority=6, time_limit=90, soft_time_limit=60, headers={"tenant": "blau"})
        later = self.task("any").apply_async((), countdown=3600, expires=7200)
        until(lambda: len(self.jobs()) == 2, "both are jobs")
        jobs = {job["id"]: job for job in self.jobs()}
        job = jobs[str(mine)]
        self.assertEqual({**job, "enqueued_at": 0}, {
            "v": 1, "id": str(mine), "task": "any", "args": given, "queue": self.queue, "enqueued_at": 0,
            "expires_at": int((eta + datetime.timedelta(days=1)).timestamp() * 1000), "time_limit_ms": 90000,
            "soft_time_limit_ms": 60000, "priority": 3, "durable": True, "headers": {"tenant": "blau"}})
        due = dict(self.ask(f"SELECT id::text, due_at FROM {self.schema}.job"))
        self.assertEqual(due[str(mine)], eta)
        self.assertAlmostEqual((due[later.id] - before).total_seconds(), 3600, delta=60)
        self.assertAlmostEqual(jobs[later.id]["expires_at"] / 1000, before.timestamp() + 7200, delta=60)

    def test_keeps_what_it_cannot_run_with_the_reason_and_counts_it(self):
        address = f"127.0.0.1:{free_port()}"
        self.start_bridge("--queues", self.queue, "--metrics", address)
        named = self.insert.delay(value=1)
        linked = self.insert.apply_async((2,), link=self.insert.s(3))
        chained = chain(self.insert.s(4), self.insert.s(5)).delay()
        pickled = self.insert.apply_async((6,), serializer="pickle")
        chord([self.insert.s(7), self.insert.s(8)])(self.insert.s(9))
        self.insert.delay(10)
        until(lambda: self.effects() == [10] and len(self.dead()) == 6, "one has run, and the others are kept")
        reasons = self.dead()
        self.assertIn("it has arguments by name (value)", reasons[named.id])
        self.assertIn("a callback (link) is to follow it", reasons[linked.id])
        self.assertIn("a chain is to follow it", reasons[chained.parent.id])
        self.assertIn("only JSON is read: set task_serializer to 'json'", reasons[pickled.id])
        self.assertEqual(sum("a chord is to follow it" in reason for reason in reasons.values()), 2)
        listed = subprocess.run([BIN / "aftercommit", "dead", "list", "--database", self.url, "--schema", self.schema,
                                 "--redis", self.redis], check=True, capture_output=True, text=True).stdout
        self.assertIn("it has arguments by name", listed)

        def counted(became, number):
            with urllib.request.urlopen(f"http://{address}/metrics") as page:
                return f'aftercommit_celery_messages_total{{became="{became}"}} {number}\n' in page.read().decode()
        until(lambda: counted("job", 1) and counted("refused", 6), "all are counted")

    def test_has_its_characters_in_a_database_whose_encoding_lacks_them(self):
        self._move_to_a_database_in("LATIN1")
        self.start_bridge("--queues", self.queue)
        text = "Gr\u00fc\u00dfe \U0001f600 \u20ac"
        self.task("answer").delay(1, text)
        named = self.insert.delay(**{"\u043a\u043b\u044e\u0447": text})
        until(lambda: self.effects() == [1] and len(self.ask(f"SELECT id FROM {self.schema}.dead")) == 1,
              "one has run, and one is kept")
        ((letter,),) = self.ask(f"SELECT letter FROM {self.schema}.dead WHERE id = '{named.id}'")
        self.assertIn("it has arguments by name (\u043a\u043b\u044e\u0447)", json.loads(letter)["reason"])

    def _move_to_a_database_in(self, encoding):
        usual, name = self.outside, f"celery_{self.schema}"
        self.ask(f"CREATE DATABASE {name} ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
        self.url = urlsplit(self.url)._replace(path=f"/{name}").geturl()
        self.outside = psycopg2.connect(self.url)
        self.outside.autocommit = True

        def move_back():
            self.outside.close()
            self.outside = usual
            self.ask(f"DROP DATABASE {name} WITH (FORCE)")
        self.addCleanup(move_back)
        self.ask(f"CREATE SCHEMA {self.schema}; {TABLES}")
        self.aftercommit("migrate")


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
