"""What ten open pages of the dashboard cost servers that hold much. Called by scripts/bench --pages."""

import argparse
import json
import re
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path += [str(ROOT / "bench/harness"), str(ROOT / "bench/growth")]

import programs  # noqa: E402
import rows  # noqa: E402
import servers  # noqa: E402

MILLION = 1_000_000
DRAINED = 300_000  # jobs of a round
REDIS_MS, POSTGRES_MS, THROUGHPUT = 20, 100, 0.97  # the goals

# What each of the ten asks for, and after how many seconds again: as dashboard/pages/view_*.js.
PAGES = (
    ("overview", 2), ("overview", 2), ("queues", 3), ("jobs", 5), ("jobs?state=delayed&task=noop", 5),
    (f"job?id={uuid.uuid4()}", 3), ("dead", 10), ("dead?error=no%20such&queue=default", 10), ("workers", 5), ("audit", 3),
)


class OpenPages:
    """Ten of them, as browsers keep them open, until the block is left."""

    def __init__(self, root: str):
        self.root, self.over, self.seconds, self.failed = root, threading.Event(), [], 0
        self.threads = [threading.Thread(target=self.keep_open, args=page) for page in PAGES]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()

    def keep_open(self, what: str, every: float) -> None:
        while not self.over.is_set():
            began = time.monotonic()
            try:
                with urllib.request.urlopen(f"{self.root}api/{what}", timeout=60) as answer:
                    answer.read()
            except OSError as error:
                self.failed += 1
                print(f"{what}: {error}", file=sys.stderr)
            self.seconds.append(time.monotonic() - began)
            self.over.wait(every)


class Dashboard:
    def __enter__(self) -> str:
        command = [str(programs.PROGRAMS / "aftercommit"), "dashboard", "--listen", "127.0.0.1:0"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        return re.search(r"http://\S+", self.process.stdout.readline())[0]

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def longest_in_redis() -> float:
    """Milliseconds, of the commands since they were forgotten but our own; prints what it was."""
    entries = json.loads(servers.redis("--json", "SLOWLOG", "GET", "-1"))
    others = [entry for entry in entries if entry[3][0] not in ("SLOWLOG", "CONFIG")]
    found = max(others or [[0, 0, 0, ["none"]]], key=lambda entry: entry[2])
    print(f"  Redis, the longest command:      {found[2] / 1000:7.1f} ms  {' '.join(found[3])[:60]}")
    return found[2] / 1000


def longest_in_postgres(log: Path, begin: int) -> float:
    said = log.read_bytes()[begin:].decode(errors="replace")
    found = re.findall(r"duration: ([\d.]+) ms\s+(?:statement|execute [^:]*|parse [^:]*|bind [^:]*): *(.*)", said)
    longest = max(found, key=lambda one: float(one[0]), default=("0", "none"))
    print(f"  PostgreSQL, the longest statement: {float(longest[0]):5.1f} ms  {longest[1][:60]}")
    return float(longest[0])


def drained(jobs: int) -> float:
    rate = programs.figure("growth_drain", jobs, queues=1)["rate"]
    programs.figure("growth_fill", jobs, queues=1)
    return rate


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench --pages", add_help=False)
    parser.add_argument("--pages", action="store_true")
    parser.add_argument("--jobs", type=int, default=MILLION, help="that wait, and as many that are delayed")
    parser.add_argument("--dead", type=int, default=10 * MILLION)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--check", action="store_true", help=argparse.SUPPRESS)  # the arguments alone
    given = parser.parse_args()
    if min(given.jobs, given.dead, given.rounds) < 1:
        parser.error("--jobs, --dead and --rounds need numbers above 0")
    if given.check:
        return 0
    log = Path(servers.url("DEVSTACK_DIR")) / "postgres/postgres.log"
    programs.figure("growth_tables")
    rows.dead(given.dead)
    programs.figure("growth_fill", given.jobs, queues=1, countdown=86_400)
    programs.figure("growth_fill", given.jobs, queues=1)
    print(f"{given.jobs:,} waiting, {given.jobs:,} delayed, {given.dead:,} dead; {len(PAGES)} open pages, no worker, 60 s:")
    programs.sql("ALTER SYSTEM SET log_min_duration_statement = 5; SELECT pg_reload_conf();")
    servers.redis("CONFIG", "SET", "slowlog-log-slower-than", "1000")
    servers.redis("CONFIG", "SET", "slowlog-max-len", "10000")
    with Dashboard() as root:
        servers.redis("SLOWLOG", "RESET")
        begin = log.stat().st_size
        with OpenPages(root) as pages:
            time.sleep(60)
        redis_ms, postgres_ms = longest_in_redis(), longest_in_postgres(log, begin)
        seconds = sorted(pages.seconds)
        print(f"  {len(seconds)} answers, half of them in {seconds[len(seconds) // 2] * 1000:.0f} ms, the last in "
              f"{seconds[-1] * 1000:.0f} ms; {pages.failed} failed")
        programs.sql("ALTER SYSTEM RESET log_min_duration_statement; SELECT pg_reload_conf();")
        alone, beside = [], []
        for _ in range(given.rounds):
            alone.append(drained(min(DRAINED, given.jobs)))
            with OpenPages(root):
                beside.append(drained(min(DRAINED, given.jobs)))
    ratio = statistics.median(beside) / statistics.median(alone)
    print(f"a worker drains {statistics.median(alone):,.0f} jobs/s, beside the pages {statistics.median(beside):,.0f}: {ratio:.2f}")
    print("  " + ", ".join(f"{one:,.0f}/{other:,.0f}" for one, other in zip(alone, beside)))
    held = redis_ms <= REDIS_MS and postgres_ms <= POSTGRES_MS and ratio >= THROUGHPUT and pages.failed == 0
    print(f"goals: {REDIS_MS} ms, {POSTGRES_MS} ms, {THROUGHPUT}: {'met' if held else 'missed'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
