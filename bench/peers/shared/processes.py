"""Starts a peer's client and worker, which are programs in the peer's own language, and ends them.

  CLIENT ACTION JOBS ARGUMENT   prints {"seconds": ...}, by its own clock. ACTION is one of
      one      enqueue one after the other                bulk     in calls of 1,000
      fill     as fast as it can, for others to measure   delayed  the same, due in ARGUMENT milliseconds
      paced    5 to 10 ms apart, due in ARGUMENT milliseconds; a job's number is the time it is due
      tx       by ARGUMENT concurrent clients, each job in a transaction with one INSERT
  WORKER                        runs until SIGTERM. Its environment has BENCH_FIGURE, BENCH_JOBS,
      BENCH_CONNECTIONS (to the database), and BENCH_REPORT: a file to which it appends {"ready": true} when
      it waits for jobs, and when all have run {"first_ns": ..., "last_ns": ...} or {"late_ns": [...]}.
"""
import contextlib
import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

SHARED = pathlib.Path(__file__).resolve().parent
NODE_MODULES = SHARED.parent.parent.parent / "build/bench/peers/node_modules"
CONNECTIONS = 16
PATIENCE_SECONDS = 240


class Failure(Exception):
    """Why there is no figure, in a sentence."""


@dataclasses.dataclass
class Peer:
    folder: pathlib.Path
    client: list[str]
    worker: list[str]
    figures: list[str]


def setting(name):
    if name not in os.environ:
        raise Failure(f"needs the environment variable {name}; scripts/devstack run -- COMMAND sets it.")
    return os.environ[name]


def start(peer, command, stdout, **settings):
    """The command in the peer's folder; should we be killed outright, the kernel ends it."""
    return subprocess.Popen(
        ["setpriv", "--pdeathsig", "TERM", "--", *command],
        cwd=peer.folder,
        env=os.environ
        | {
            "NODE_NO_WARNINGS": "1",
            "NODE_PATH": str(NODE_MODULES),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": str(SHARED),
        }
        | {name: str(value) for name, value in settings.items()},
        stdout=stdout,
        text=True,
    )


def client(peer, action, jobs, argument=0):
    """Seconds that the client took."""
    command = [*peer.client, action, str(jobs), str(argument)]
    with start(peer, command, stdout=subprocess.PIPE) as process:
        try:
            answer = process.communicate()[0]
        finally:
            process.kill()  # does nothing unless we are on our way out
    if process.returncode != 0:
        raise Failure(f"the client ended with {process.returncode} when asked for {action} of {jobs} jobs.")
    return json.loads(answer.splitlines()[-1])["seconds"]


class Worker:
    """A worker process and the lines it reports; ended on leaving the block."""

    def __init__(self, peer, figure, jobs):
        self._folder = tempfile.TemporaryDirectory(prefix="aftercommit-peer.")
        self._report = os.path.join(self._folder.name, "report")
        self._process = start(
            peer,
            peer.worker,
            stdout=sys.stderr,
            BENCH_FIGURE=figure,
            BENCH_JOBS=jobs,
            BENCH_CONNECTIONS=CONNECTIONS,
            BENCH_REPORT=self._report,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.terminate()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._folder.cleanup()

    def check(self):
        if self._process.poll() is not None:
            raise Failure(f"the worker ended with {self._process.returncode} before all jobs had run.")

    def wait_for(self, key):
        """The reported line that has `key`."""
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            for line in self._lines():
                if key in line:
                    return line
            self.check()
            time.sleep(0.05)
        raise Failure(f"the worker did not report '{key}' within {PATIENCE_SECONDS} s.")

    def _lines(self):
        with contextlib.suppress(FileNotFoundError), open(self._report, encoding="utf-8") as lines:
            return [json.loads(line) for line in lines if line.endswith("\n")]
        return []
