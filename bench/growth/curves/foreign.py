"""Another program's transaction that stays open, so that the database can clear nothing that was deleted since."""

import subprocess
import time
from contextlib import contextmanager, nullcontext

import servers
from charts import Chart
from programs import figure

WORDS = "while a foreign transaction has been open for so many minutes"
RATE = Chart("foreign", "One INSERT each, while a foreign transaction stays open", "minutes open", "jobs/s",
             axis="linear", note="jobs run without a break; without: the same for so long, no such transaction")
SWEEP = Chart("foreign_sweep", "A sweep that finds nothing, while a foreign transaction stays open", "minutes open",
              "ms", axis="linear", decimals=2, note="median of 100")
CHARTS = (RATE, SWEEP)
SWEEPS = 100


def measure(plan, add):
    for name, minutes, held in (
        ("with it", plan.foreign_minutes, open_transaction),
        ("without", plan.control_minutes, nullcontext),
    ):
        servers.empty()
        figure("growth_tables")
        with held():
            began = time.monotonic()
            passed = 0.0
            while True:
                rate = figure("growth_insert", plan.insert_jobs, concurrency=16)["rate"]
                sweep = figure("growth_sweep", SWEEPS)["p50_ms"]
                add(RATE, name, passed, rate)
                add(SWEEP, name, passed, sweep)
                if passed >= minutes:
                    break
                passed = (time.monotonic() - began) / 60


@contextmanager
def open_transaction():
    client = subprocess.Popen(
        ["psql", "-X", "-q", "-A", "-t", servers.url("DATABASE_URL")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )
    try:
        client.stdin.write("BEGIN;\nSELECT txid_current();\n")
        client.stdin.flush()
        if not client.stdout.readline().strip():
            raise servers.ServerTrouble("psql opened no transaction")
        yield
    finally:
        client.kill()
        client.wait()
