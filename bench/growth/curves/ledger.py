"""Ids of jobs that are done."""

import rows
import servers
from charts import Chart
from programs import figure

WORDS = "beside so many rows in the ledger"
RATE = Chart("ledger", "Where the ledger remembers so many jobs", "rows", "jobs/s",
             note="jobs without a row of their own, one INSERT each, over 16 connections")
CHARTS = (RATE,)


def measure(plan, add):
    for size in plan.few_sizes:
        servers.empty()
        figure("growth_tables")
        rows.done(size)
        run = figure("growth_insert", plan.insert_jobs, ledger=True, concurrency=16)
        add(RATE, "run", size, run["rate"])
