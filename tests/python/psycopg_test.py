"""Jobs asked for from Python in transactions of a driver: psycopg2, or psycopg 3 where DRIVER says so."""
import datetime
import decimal
import importlib
import os
import sys
import unittest
import uuid

from support import Tables, until

import aftercommit  # noqa: E402  (found by support)
from aftercommit import task  # noqa: E402
from aftercommit.errors import sqlstate_of  # noqa: E402

driver = importlib.import_module(os.environ.get("DRIVER", "psycopg2"))
UTC = datetime.timezone.utc


class Counting:
    """A connection that counts the statements."""

    def __init__(self, connection):
        self.connection, self.statements = connection, 0

    def cursor(self):
        self.statements += 1
        return self.connection.cursor()


class Client(Tables):
    def setUp(self):
        super().setUp()
        self.connection = driver.connect(self.url)
        self.addCleanup(self.connection.close)
        self.place = aftercommit.on(self.connection, schema=self.schema)

    def task(self, name, **options):
        return task(name, using=self.place, **options)

    def run_sql(self, sql):
        with self.connection.cursor() as cursor:
            cursor.execute(sql)

    def test_has_a_job_run_once_if_it_commits_and_never_else(self):
        self.start_worker()
        read_order, insert = self.task("read_order"), self.task("insert")
        self.run_sql("INSERT INTO orders VALUES (1)")
        read_order.delay(1)
        self.run_sql("SAVEPOINT before")
        insert.delay(2)
        self.run_sql("ROLLBACK TO before")
        self.assertEqual(self.jobs(), [])
        self.connection.commit()
        insert.delay(3)
        self.connection.rollback()
        insert.delay(4)  # all before it have had their turn when it is through
        self.connection.commit()
        until(lambda: self.effects() == [1, 4] and not self.jobs(), "both have run")
        self.assertEqual(len(self.ask("SELECT 1 FROM journal")), 2)

    def test_gives_a_job_the_options_of_its_call_and_of_its_task(self):
        remind = self.task("remind", queue="mail", priority="high", countdown=5)
        asked = remind.apply_async([7, "x"], countdown=datetime.timedelta(hours=1), max_retries=3, expires=60,
                                   headers={"tenant": "blau"}, limit_key="customer 7", database="reports",
                                   traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
        self.connection.commit()
        (job,) = self.jobs()
        self.assertEqual(asked.id, job["id"])
        self.assertEqual(uuid.UUID(asked.id).version, 7)
        self.assertEqual({**job, "id": "", "enqueued_at": 0, "expires_at": job["expires_at"] - job["enqueued_at"]}, {
            "v": 1, "id": "", "task": "remind", "args": [7, "x"], "queue": "mail", "enqueued_at": 0, "max_retries": 3,
            "expires_at": 60000, "database": "reports", "priority": 1, "durable": True, "headers": {"tenant": "blau"},
            "limit_key": "customer 7",
            "trace": {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}})
        ((due,),) = self.ask(f"SELECT due_at - clock_timestamp() FROM {self.schema}.job")
        self.assertAlmostEqual(due.total_seconds(), 3600, delta=60)

    def test_keeps_an_eta_whose_zone_is_known_in_place_of_the_tasks_countdown(self):
        remind = self.task("remind", countdown=5)
        eta = datetime.datetime(2199, 1, 1, 2, tzinfo=datetime.timezone(datetime.timedelta(hours=2)))
        remind.apply_async(eta=eta, expires=datetime.datetime.now(UTC) + datetime.timedelta(days=1))
        self.connection.commit()
        self.assertEqual(self.ask(f"SELECT due_at FROM {self.schema}.job")[0][0], eta)
        with self.assertRaisesRegex(aftercommit.UsageError, "eta 2199-01-01 00:00:00 has no time zone"):
            remind.apply_async(eta=datetime.datetime(2199, 1, 1))

    def test_sends_arguments_that_arrive_as_they_were(self):
        given = [2**63 - 1, -2**63, 2**64 - 1, 0.1, 1e20, -0.0, "Grüße \U0001f600 \x01\"\\", None, True,
                 {"a": [1, {"b": ()}]}]
        self.task("any").delay(*given, uuid.UUID(int=7), decimal.Decimal("1.50"), datetime.date(2024, 2, 29))
        self.connection.commit()
        (job,) = self.jobs()
        self.assertEqual(job["args"][:-4], given[:-1])
        self.assertEqual(job["args"][-4:], [{"a": [1, {"b": []}]}, str(uuid.UUID(int=7)), "1.50", "2024-02-29"])

    def test_refuses_what_is_no_json_before_anything_is_sent(self):
        for wrong in (float("nan"), float("inf"), object(), {1, 2}, {1: 2}, [{None: 1}], b"bytes"):
            with self.assertRaisesRegex(aftercommit.EncodeError, "cannot enqueue task 'any': an argument cannot be sent"):
                self.task("any").delay(wrong)
        with self.assertRaisesRegex(TypeError, "takes its arguments by position"):
            self.task("any").apply_async((), {"order": 7})
        self.task("any").delay(1)
        self.connection.commit()
        self.assertEqual([job["args"] for job in self.jobs()], [[1]])

    def test_asks_for_many_jobs_by_one_statement_in_their_order(self):
        counting = Counting(self.connection)
        place = aftercommit.on(counting, schema=self.schema)
        asked = task("insert", using=place).delay_many((n, "ü") for n in range(500))
        self.assertEqual(task("insert", using=place).delay_many([]), [])
        self.assertEqual(counting.statements, 1)
        self.connection.commit()
        self.assertEqual([(job["id"], job["args"]) for job in self.jobs()],
                         [(one.id, [n, "ü"]) for n, one in enumerate(asked)])

    def test_gives_the_id_of_a_job_whatever_rows_the_connection_has(self):
        if driver.__name__ == "psycopg":
            from psycopg.rows import dict_row
            chosen = driver.connect(self.url, row_factory=dict_row)
        else:
            from psycopg2.extras import RealDictCursor
            chosen = driver.connect(self.url, cursor_factory=RealDictCursor)
        self.addCleanup(chosen.close)
        job = task("insert", using=aftercommit.on(chosen, schema=self.schema)).delay(1)
        chosen.commit()
        self.assertEqual([known["id"] for known in self.jobs()], [job.id])
        self.assertEqual(job.state, "PENDING")
        self.assertEqual(job.revoke(), "waiting")
        chosen.commit()

    def test_asks_for_a_unique_job_once(self):
        once = self.task("insert", unique_until="done")
        first, second = once.delay(1), once.delay(1)
        self.assertEqual((first.own, second.own), (True, False))
        self.assertEqual(first, second)
        self.assertIsNone(self.task("insert").delay(1).own)
        self.connection.commit()
        self.assertEqual([job["args"] for job in self.jobs()], [[1], [1]])

    def test_refuses_a_connection_in_autocommit_on_which_no_transaction_is_open(self):
        self.connection.autocommit = True
        with self.assertRaisesRegex(aftercommit.NoTransaction, "the connection is in autocommit"):
            self.task("insert").delay(1)
        self.assertEqual(self.jobs(), [])
        self.run_sql("BEGIN")
        self.task("insert").delay(1)
        self.run_sql("ROLLBACK")
        self.assertEqual(self.jobs(), [])

    def test_says_what_is_wrong_with_an_option(self):
        insert = self.task("insert")
        with self.assertRaisesRegex(TypeError, "has no option 'link': ask for the next job within the task"):
            insert.apply_async([1], link=insert)
        with self.assertRaisesRegex(TypeError, "has no option 'queu'; it has countdown"):
            self.task("insert", queu="mail")
        with self.assertRaisesRegex(aftercommit.UsageError, "countdown is neither seconds nor a timedelta"):
            insert.apply_async([1], countdown="soon")
        with self.assertRaisesRegex(aftercommit.UsageError, "task 'in sert' is not a name. A name has 1 to 64"):
            self.task("in sert").delay(1)
        self.connection.rollback()
        with self.assertRaisesRegex(aftercommit.UsageError, "there are both a countdown and an eta"):
            insert.apply_async([1], countdown=1, eta=datetime.datetime.now(UTC))

    def test_says_what_makes_the_tables_where_there_are_none(self):
        with self.assertRaisesRegex(aftercommit.ConfigError, "run `aftercommit migrate --schema nowhere`"):
            task("insert", using=aftercommit.on(self.connection, schema="nowhere")).delay(1)

    def test_leaves_other_errors_to_the_driver(self):
        mine = uuid.uuid4()
        self.task("insert").apply_async([1], task_id=mine)
        with self.assertRaises(driver.Error) as caught:
            self.task("insert").apply_async([1], task_id=str(mine))
        self.assertEqual(sqlstate_of(caught.exception), "23505")

    def test_waits_for_the_value_of_a_job_and_learns_how_others_have_ended(self):
        self.start_worker()
        answer = self.task("answer")
        asked = answer.delay(1, "")
        failing = answer.apply_async([2, "throws"], max_retries=0)
        delayed = answer.apply_async([3, ""], countdown=3600)
        self.assertFalse(asked.ready())
        self.connection.commit()
        self.assertEqual(asked.get(timeout=30), "answer 1")
        self.connection.commit()
        self.assertEqual((asked.state, asked.ready(), asked.successful()), ("SUCCESS", True, True))
        with self.assertRaisesRegex(aftercommit.JobFailed, "no answer"):
            failing.get(timeout=30)
        self.assertTrue(failing.failed())
        with self.assertRaisesRegex(aftercommit.TimeoutError, "has not ended within 0 s: it is PENDING"):
            delayed.get(timeout=0)
        self.assertEqual(delayed.revoke("no longer wanted"), "delayed")
        self.connection.commit()
        self.assertEqual(delayed.status, "REVOKED")
        with self.assertRaises(aftercommit.JobCancelled):
            delayed.get(timeout=0)
        self.assertEqual(aftercommit.AsyncResult(uuid.uuid4(), self.place).state, "UNKNOWN")

    def test_asks_for_which_connection_where_nothing_says_so(self):
        with self.assertRaisesRegex(aftercommit.UsageError, "say on which connection: task.using"):
            task("insert").delay(1)


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
