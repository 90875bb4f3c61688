"""The client side of the figures, the same for every peer in Python. What an action does: processes.py.

A peer gives add(number) and add_later(number, seconds), which enqueue one job.
"""
import json
import random
import sys
import time

WARM_UP = 500  # jobs, untimed: they connect and fill caches; a client in production runs for days


def main(add, add_later=None):
    action, jobs, argument_ms = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    if action == "one":
        add_all(range(WARM_UP), add)
    start = time.monotonic()
    if action in ("one", "fill"):
        add_all(range(jobs), add)
    elif action == "delayed":
        add_all(range(jobs), lambda number: add_later(number, argument_ms / 1000))
    elif action == "paced" and argument_ms == 0:
        pace(jobs, lambda: add(time.monotonic_ns()))
    elif action == "paced":
        pace(jobs, lambda: add_later(time.monotonic_ns() + argument_ms * 1_000_000, argument_ms / 1000))
    else:
        sys.exit(f"this client knows one, fill, delayed and paced, not '{action}'.")
    print(json.dumps({"seconds": time.monotonic() - start}))


def add_all(numbers, add):
    for number in numbers:
        add(number)


def pace(jobs, add):
    for _ in range(jobs):
        add()
        time.sleep(random.uniform(0.005, 0.010))
