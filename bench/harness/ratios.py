"""Medians over the rounds, and ours against another: round by round, so that both met the same machine."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rounds import Sample


@dataclass(frozen=True)
class Spread:
    median: float
    low: float
    high: float

    @staticmethod
    def of(values: Iterable[float]) -> "Spread | None":
        found = list(values)
        return Spread(statistics.median(found), min(found), max(found)) if found else None


class Results:
    def __init__(self, samples: Sequence[Sample]) -> None:
        self.samples = samples

    def spread(self, figure: str, metric: str, contestant: str) -> Spread | None:
        return Spread.of(self.by_round(figure, metric, contestant).values())

    def ratio(self, figure: str, metric: str, contestant: str, to: str, beside: str = "") -> Spread | None:
        """Of the rounds that both have done; `beside`: the figure of the other, where it is another one."""
        ours = self.by_round(figure, metric, contestant)
        theirs = self.by_round(beside or figure, metric, to)
        return Spread.of(ours[number] / theirs[number] for number in ours.keys() & theirs.keys())

    def by_round(self, figure: str, metric: str, contestant: str) -> dict[int, float]:
        return {
            sample.round: sample.values[metric]
            for sample in self.samples
            if sample.figure == figure and sample.contestant == contestant and metric in sample.values
        }

    def contestants(self, figure: str) -> list[str]:
        """Who has taken part, in the order of the first round."""
        return list(dict.fromkeys(sample.contestant for sample in self.samples if sample.figure == figure))

    def failures(self) -> list[Sample]:
        return [sample for sample in self.samples if sample.error]
