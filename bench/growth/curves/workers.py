"""Worker processes, of one daemon and of many."""

import servers
from charts import Chart
from programs import figure

WORDS = "with so many worker processes"
DRAIN = Chart("workers_drain", "Drain by so many worker processes", "processes", "jobs/s",
              note="counted from when all are there")
INSERT = Chart("workers_insert", "One INSERT each, by so many worker processes", "processes", "jobs/s",
               note="16 connections in all")
CHARTS = (DRAIN, INSERT)
PROCESSES = (1, 2, 4, 8, 16)
CONNECTIONS = 16


def measure(plan, add):
    for count in PROCESSES:
        for name, options in (("of one daemon", {"processes": count}), ("daemons", {"daemons": count})):
            jobs = 4 * plan.drain_jobs
            servers.empty()
            figure("growth_fill", jobs)
            add(DRAIN, name, count, figure("growth_drain", jobs, **options)["rate"])
            servers.empty()
            run = figure("growth_insert", plan.insert_jobs, concurrency=CONNECTIONS // count, **options)
            add(INSERT, name, count, run["rate"])
