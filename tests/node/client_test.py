"""Runs client.mjs beside tables of its own, and a real worker, which runs what it has committed and nothing else."""
import os
import subprocess
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "python"))

from support import Tables, until  # noqa: E402


class NodeClient(Tables):
    def test_has_what_it_committed_run_once_and_what_it_rolled_back_never(self):
        self.start_worker()
        environment = {**os.environ, "DATABASE_URL": self.url, "SCHEMA": self.schema}
        done = subprocess.run(["node", "--test", str(HERE / "client.mjs")], env=environment, capture_output=True, text=True,
                              check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        until(lambda: self.effects() == [1, 4] and not self.jobs(), "both have run")


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
