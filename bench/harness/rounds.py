"""Lets the contestants of a figure take turns, each on servers that have just been emptied."""

import json
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import processes
import quiet
import servers
from contestants import Contestant
from figures import Figure


@dataclass(frozen=True)
class Settings:
    rounds: int
    quick: bool
    settle_seconds: float
    timeout_seconds: float


@dataclass
class Sample:
    """One run of one contestant."""

    figure: str
    contestant: str
    round: int  # counted from 1
    jobs: int
    values: dict[str, float] = field(default_factory=dict)  # by the key of the metric; empty: it failed
    error: str = ""
    detail: dict = field(default_factory=dict)  # what else the contestant printed
    seconds: float = 0  # the whole run
    others: float = 0  # the share of the machine that other programs used just before, from 0 to 1


def run(figure: Figure, contestants: Sequence[Contestant], settings: Settings) -> Iterator[Sample]:
    """A B C, B C A, C A B: whatever drifts, or follows from an order, meets all alike."""
    for number in range(settings.rounds):
        first = number % len(contestants)
        for contestant in [*contestants[first:], *contestants[:first]]:
            yield run_one(figure, contestant, number + 1, settings)


def run_one(figure: Figure, contestant: Contestant, number: int, settings: Settings) -> Sample:
    jobs = contestant.jobs(figure, settings.quick)
    servers.empty()
    others = quiet.pause(settings.settle_seconds)
    sample = Sample(figure.name, contestant.name, number, jobs, others=others)
    began = time.monotonic()
    try:
        line = processes.run(contestant.command_for(figure, jobs), settings.timeout_seconds)
        sample.values, sample.detail = read(line, figure)
    except (processes.RunFailed, OSError) as failure:
        sample.error = str(failure)
    sample.seconds = time.monotonic() - began
    return sample


def read(line: str, figure: Figure) -> tuple[dict[str, float], dict]:
    """The values of the figure, and the rest."""
    try:
        found = dict(json.loads(line))
        values = {metric.key: float(found.pop(metric.key)) for metric in figure.metrics}
    except (ValueError, TypeError, KeyError) as error:
        keys = ", ".join(metric.key for metric in figure.metrics)
        raise processes.RunFailed(f"its last line is no JSON object with {keys}: {line[:200]}") from error
    if not all(math.isfinite(value) and value > 0 for value in values.values()):
        raise processes.RunFailed(f"measured what cannot be: {line[:200]}")
    return values, found
