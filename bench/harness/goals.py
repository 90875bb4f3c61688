"""What aftercommit sets out to reach, and whether it has: judged by what was measured in this run alone."""

from collections.abc import Sequence
from dataclasses import dataclass

from contestants import LIMIT, OURS, Contestant
from figures import BY_NAME
from ratios import Results, Spread

BEST_PEER = "the best peer"


@dataclass(frozen=True)
class Goal:
    """At least `bound` times another, or, against nobody, under `bound`.  `beside`: the other's figure, where it is
    another one."""

    figure: str
    metric: str
    bound: float
    against: str = ""
    beside: str = ""


GOALS = (
    Goal("enqueue_one", "rate", 0.9, LIMIT),
    Goal("enqueue_bulk", "rate", 0.6, LIMIT),
    Goal("enqueue_bulk", "rate", 2, "sidekiq"),
    Goal("drain", "rate", 0.6, LIMIT),
    Goal("drain", "rate", 4, BEST_PEER),
    Goal("latency", "p50_ms", 0.25),
    Goal("latency", "p99_ms", 0.8),
    Goal("insert", "rate", 0.8, LIMIT),
    Goal("insert", "rate", 1.2, BEST_PEER),
    Goal("insert", "rate", 4, "pg_boss_once"),  # the one that applies an effect once, too
    Goal("insert_batch", "rate", 5, OURS, "insert"),
    Goal("insert_batch", "rate", 10, "pg_boss_once", "insert"),
    Goal("enqueue_tx_1", "rate", 0.85, LIMIT),
    Goal("enqueue_tx_16", "rate", 0.7, LIMIT),
    Goal("memory", "waiting_bytes", 180),
    Goal("memory", "delayed_bytes", 260),
    Goal("countdown", "p50_ms", 2),
    Goal("countdown", "p99_ms", 5),
)


@dataclass(frozen=True)
class Verdict:
    goal: Goal
    words: str
    measured: Spread | None  # the ratio, or the value

    @property
    def word(self) -> str:
        if self.measured is None:
            return "not measured"
        reached = self.measured.median
        met = reached >= self.goal.bound if self.goal.against else reached < self.goal.bound
        return "met" if met else "missed"


def judge(results: Results, contestants: Sequence[Contestant]) -> list[Verdict]:
    """All goals of the figures that were run."""
    run = {sample.figure for sample in results.samples}
    return [judge_one(goal, results, contestants) for goal in GOALS if goal.figure in run]


def judge_one(goal: Goal, results: Results, contestants: Sequence[Contestant]) -> Verdict:
    if not goal.against:
        unit = next(metric.unit for metric in BY_NAME[goal.figure].metrics if metric.key == goal.metric)
        measured = results.spread(goal.figure, goal.metric, OURS)
        return Verdict(goal, f"under {goal.bound:g} {unit}", measured)
    words = f"at least {goal.bound:g} x {goal.against}"
    rival = goal.against
    if rival == BEST_PEER:
        rival = fastest_peer(goal, results, contestants)
        if rival:
            words += f" ({rival})"
    if goal.beside:
        words += f" at {goal.beside}"
    measured = results.ratio(goal.figure, goal.metric, OURS, rival, goal.beside) if rival else None
    return Verdict(goal, words, measured)


def fastest_peer(goal: Goal, results: Results, contestants: Sequence[Contestant]) -> str:
    """By its median; of rates, for which alone there is such a goal."""
    medians = {}
    for contestant in contestants:
        spread = results.spread(goal.figure, goal.metric, contestant.name)
        if contestant.is_peer and spread:
            medians[contestant.name] = spread.median
    return max(medians, key=lambda name: medians[name], default="")
