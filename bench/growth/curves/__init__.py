"""The curves: each a module with WORDS, CHARTS and measure(plan, add).

measure() empties the servers itself, and calls add(chart, series, size, value) for each value as it comes.
"""

from curves import (
    dead, delayed, fairness, foreign, job_table, ledger, payload, prefetch, queues, waiting, workers,
)

ALL = {
    "waiting": waiting,
    "delayed": delayed,
    "dead": dead,
    "job_table": job_table,
    "ledger": ledger,
    "queues": queues,
    "workers": workers,
    "payload": payload,
    "prefetch": prefetch,
    "fairness": fairness,
    "foreign": foreign,
}
