"""What is measured, in which unit, and with how many jobs."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    """A value in the JSON line of a contestant."""

    key: str
    title: str  # tells it from the figure's others
    unit: str
    decimals: int

    def text(self, value: float) -> str:
        return f"{value:,.{self.decimals}f}"


RATE = Metric("rate", "", "jobs/s", 0)
LATENESS = (Metric("p50_ms", "p50", "ms", 3), Metric("p99_ms", "p99", "ms", 3))
BYTES = (Metric("waiting_bytes", "waiting", "bytes", 1), Metric("delayed_bytes", "delayed", "bytes", 1))


@dataclass(frozen=True)
class Figure:
    name: str
    words: str
    metrics: tuple[Metric, ...]
    jobs: int  # enough for a few seconds
    quick_jobs: int


FIGURES = (
    Figure("enqueue_one", "enqueued one at a time by one client", (RATE,), 50_000, 15_000),
    Figure("enqueue_bulk", "enqueued in calls of 1,000 by one client", (RATE,), 500_000, 200_000),
    Figure("drain", "run by one worker process, each does nothing", (RATE,), 300_000, 150_000),
    Figure("latency", "from enqueue to start on an idle worker", LATENESS, 1_000, 400),
    Figure("insert", "run with one INSERT each, over 16 connections", (RATE,), 60_000, 24_000),
    Figure("insert_batch", "the same, up to 100 jobs in a transaction", (RATE,), 400_000, 120_000),
    Figure("enqueue_tx_1", "enqueued in a transaction with one INSERT by 1 client", (RATE,), 12_000, 6_000),
    Figure("enqueue_tx_16", "the same by 16 clients", (RATE,), 60_000, 24_000),
    Figure("memory", "of Redis' memory for each job", BYTES, 100_000, 20_000),
    Figure("countdown", "from the countdown's end to the start, on an idle worker", LATENESS, 600, 300),
)

BY_NAME = {figure.name: figure for figure in FIGURES}
