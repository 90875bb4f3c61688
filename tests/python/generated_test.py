"""The module that `worker --python-tasks` makes of the tasks of a library."""
import ast
import inspect
import subprocess
import sys
import types
import unittest

from support import BIN, LIBRARY, Tables, until

import psycopg2  # noqa: E402

import aftercommit  # noqa: E402


def module():
    text = subprocess.run([BIN / "worker", "--app", LIBRARY, "--redis", "redis://127.0.0.1:1/0", "--python-tasks"], check=True,
                          capture_output=True, text=True).stdout
    made = types.ModuleType("tasks")
    exec(compile(ast.parse(text), "tasks.py", "exec"), made.__dict__)  # noqa: S102
    return made


class Generated(Tables):
    def test_has_each_task_with_the_types_of_its_arguments_and_runs_it(self):
        self.start_worker()
        tasks = module()
        connection = psycopg2.connect(self.url)
        self.addCleanup(connection.close)
        place = aftercommit.on(connection, schema=self.schema)
        self.assertEqual(str(inspect.signature(tasks.two.delay)),
                         "(arg1: int, arg2: str, /) -> aftercommit.results.AsyncResult")
        self.assertIn("Optional[int]", str(inspect.signature(tasks.retry.delay)))
        self.assertIn("Sequence[int]", str(inspect.signature(tasks.numbers.delay)))
        self.assertIn("Any", str(inspect.signature(tasks.unreadable.delay)))
        self.assertEqual(str(inspect.signature(tasks.flow.delay)),
                         "(arg1: int, arg2: str, /) -> aftercommit.results.AsyncResult")
        with self.assertRaises(TypeError):
            tasks.two.delay(1)
        tasks.insert.using(place).delay(1)
        tasks.insert.using(place).apply_async((2,), countdown=0.01)
        tasks.flow.using(place).delay(3, "step one;step two")
        connection.commit()
        until(lambda: self.effects() == [1, 2, 301, 302], "all have run")


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
