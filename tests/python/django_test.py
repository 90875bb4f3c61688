"""Jobs asked for from Django, in its own transactions; and its management command."""
import os
import subprocess
import sys
import unittest
from pathlib import Path

from support import ROOT, Tables, until

import aftercommit  # noqa: E402  (found by support)
from aftercommit import task  # noqa: E402

HERE = Path(__file__).resolve().parent


class Deliberate(Exception):
    pass


class Site(Tables):
    def setUp(self):
        super().setUp()
        os.environ.update(SITE_DATABASE_URL=self.url, SITE_SCHEMA=self.schema)
        import django
        from django.conf import settings
        from django.db import connections
        if not settings.configured:
            os.environ["DJANGO_SETTINGS_MODULE"] = "site_settings"
            sys.path.insert(0, str(HERE))
            django.setup()
        # Each test has tables of its own; the site goes on with its next connection.
        settings.AFTERCOMMIT["SCHEMA"] = self.schema
        for alias in ("default", "reports"):
            connections[alias].close()
            connections[alias].settings_dict["OPTIONS"]["options"] = f"-csearch_path={self.schema},public"
            self.addCleanup(connections[alias].close)

    def place_order(self, number):
        from django.db import connection
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO orders(id) VALUES (%s)", [number])
        return task("read_order").delay(number)

    def test_has_a_job_run_once_if_its_block_commits_and_never_else(self):
        from django.db import transaction
        self.start_worker()
        with transaction.atomic():
            asked = self.place_order(1)
            try:
                with transaction.atomic():
                    task("insert").delay(2)
                    raise Deliberate
            except Deliberate:
                pass
            self.assertEqual(self.jobs(), [])
        try:
            with transaction.atomic():
                self.place_order(3)
                raise Deliberate
        except Deliberate:
            pass
        task("insert").delay(4)  # in autocommit: at once
        until(lambda: self.effects() == [1, 4] and not self.jobs(), "both have run")
        self.assertEqual(self.ask("SELECT job_id FROM journal WHERE task = 'read_order'"), [(asked.id,)])

    def test_has_a_job_belong_to_the_database_whose_block_is_open(self):
        from django.db import connections, transaction
        insert = task("insert")
        with transaction.atomic(using="reports"):
            insert.delay(1)
            insert.using(connections["reports"]).delay(7)
        with transaction.atomic():
            insert.delay(2)
            with transaction.atomic(using="reports"):
                with self.assertRaisesRegex(aftercommit.UsageError,
                                            "transactions are open on the databases 'default', 'reports'; say which"):
                    insert.delay(3)
                insert.apply_async([4], using="reports")
                insert.using("default").delay(5)
                task("insert", using="reports").delay(6)
        self.assertEqual(sorted((job["args"][0], job.get("database")) for job in self.jobs()),
                         [(1, "reports"), (2, None), (4, "reports"), (5, None), (6, "reports"), (7, "reports")])

    def test_refuses_a_broken_block_in_djangos_words_and_a_database_that_is_no_postgresql(self):
        from django.db import DatabaseError, transaction
        from django.db.transaction import TransactionManagementError
        with self.assertRaises(aftercommit.UsageError):
            with transaction.atomic():
                task("in sert").delay(1)
        with transaction.atomic():
            try:
                with transaction.atomic(savepoint=False):
                    raise DatabaseError
            except DatabaseError:
                with self.assertRaises(TransactionManagementError):
                    task("insert").delay(1)
        with self.assertRaisesRegex(aftercommit.ConfigError, "'local' is sqlite: jobs are rows of PostgreSQL"):
            task("insert", using="local").delay(1)
        self.assertEqual(self.jobs(), [])

    def test_says_what_makes_the_tables_where_there_are_none(self):
        from django.conf import settings
        settings.AFTERCOMMIT["SCHEMA"] = "nowhere"
        with self.assertRaisesRegex(aftercommit.ConfigError, "run `aftercommit migrate --schema nowhere`"):
            task("insert").delay(1)

    def manage(self, *words):
        environment = {**os.environ, "PYTHONPATH": f"{HERE}:{ROOT / 'python'}", "DJANGO_SETTINGS_MODULE": "site_settings",
                       "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
        return subprocess.run([sys.executable, "-m", "django", "aftercommit", *words], env=environment, capture_output=True,
                              text=True, check=False)

    def test_has_the_command_find_the_databases_of_the_settings(self):
        done = self.manage("migrate")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f"schema {self.schema} of database default is up to date", done.stdout)
        self.assertIn("of database reports is up to date", done.stdout)
        alone = self.manage("--using", "reports", "migrate")
        self.assertNotIn("of database default", alone.stdout)
        self.assertEqual(alone.returncode, 0, alone.stderr)
        task("insert").delay(7)
        self.assertIn('"insert"', self.manage("--using", "default", "jobs", "--json").stdout)
        wrong = self.manage("nonsense")
        self.assertEqual((wrong.returncode, "nonsense" in wrong.stderr), (2, True), wrong.stderr)


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
