"""Dead letters, in Redis and in the database."""

import json

import programs
import rows
import servers
from charts import Chart
from programs import figure

WORDS = "beside so many dead letters"
TIME = Chart("dead_commands", "The command aftercommit where so many jobs are dead", "dead letters", "ms",
             log_values=True, decimals=1, note="with the start of the program")
RATE = Chart("dead_drain", "Drain where so many jobs are dead", "dead letters", "jobs/s")
CHARTS = (TIME, RATE)


def measure(plan, add):
    for size in plan.few_sizes:
        servers.empty()
        figure("growth_tables")
        programs.redis_mass(letters(size))
        add(TIME, "stats, letters in Redis", size, programs.command_ms("stats"))
        add(TIME, "dead list, letters in Redis", size, programs.command_ms("dead", "list"))
        figure("growth_fill", plan.drain_jobs)
        add(RATE, "letters in Redis", size, figure("growth_drain", plan.drain_jobs)["rate"])

        servers.empty()
        figure("growth_tables")
        rows.dead(size)
        add(TIME, "stats, rows", size, programs.command_ms("stats"))
        add(TIME, "dead list, rows", size, programs.command_ms("dead", "list"))


def letters(count: int):
    for number in range(count):
        at = 1_700_000_000_000 + number
        job = {"v": 1, "id": f"018bcfe5-6800-7000-8000-{number:012x}", "task": "noop", "args": [number, "welcome"],
               "queue": "default", "enqueued_at": at}
        letter = {"v": 1, "cause": "rejected", "reason": "no such order", "worker": "web-1/4711", "at": at,
                  "entry": f"{at}-0", "job": job}
        yield "ZADD", "ac:{default}:dead", str(at), json.dumps(letter, separators=(",", ":"))
