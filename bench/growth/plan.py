"""How much is measured: quick, usual or full."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """What the curves ask for, in jobs, seconds and minutes."""

    sizes: tuple[int, ...]  # how many wait or are delayed
    few_sizes: tuple[int, ...]  # how many are dead, are rows, are done
    drain_jobs: int
    insert_jobs: int
    enqueue_jobs: int
    transactions: int
    latency_jobs: int
    fairness_seconds: int
    foreign_minutes: float
    control_minutes: float


THOUSAND, TEN, HUNDRED, MILLION = 1_000, 10_000, 100_000, 1_000_000

QUICK = Plan(
    sizes=(THOUSAND, TEN, HUNDRED), few_sizes=(THOUSAND, HUNDRED), drain_jobs=20_000, insert_jobs=6_000,
    enqueue_jobs=2_000, transactions=2_000, latency_jobs=100, fairness_seconds=4, foreign_minutes=0.3,
    control_minutes=0.2,
)
USUAL = Plan(
    sizes=(THOUSAND, TEN, HUNDRED, MILLION), few_sizes=(THOUSAND, HUNDRED, MILLION), drain_jobs=50_000,
    insert_jobs=15_000, enqueue_jobs=5_000, transactions=4_000, latency_jobs=300, fairness_seconds=10,
    foreign_minutes=3, control_minutes=0.5,
)
FULL = Plan(
    sizes=(*USUAL.sizes, 10 * MILLION), few_sizes=(*USUAL.few_sizes, 10 * MILLION), drain_jobs=50_000,
    insert_jobs=20_000, enqueue_jobs=5_000, transactions=4_000, latency_jobs=1_000, fairness_seconds=20,
    foreign_minutes=10, control_minutes=10,
)
