"""The results as JSON: every sample, and what follows from them."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from contestants import OURS
from figures import FIGURES
from goals import Verdict
from micro import Micro
from ratios import Results, Spread
from round_trips import RoundTrips
from rounds import Settings


def write(
    file: Path,
    machine: dict,
    settings: Settings,
    results: Results,
    verdicts: Sequence[Verdict],
    micros: Sequence[Micro],
    trips: Sequence[RoundTrips],
) -> None:
    record = {
        "machine": machine,
        "settings": asdict(settings),
        "samples": [asdict(sample) for sample in results.samples],
        "medians": medians(results),
        "goals": [
            {"goal": f"{verdict.goal.figure} {verdict.goal.metric} {verdict.words}", "word": verdict.word,
             "measured": spread_record(verdict.measured)}
            for verdict in verdicts
        ],
        "micro": [asdict(micro) for micro in micros],
        "round_trips": [asdict(one) for one in trips],
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(record, indent=2) + "\n")


def medians(results: Results) -> list[dict]:
    return [
        {
            "figure": figure.name,
            "metric": metric.key,
            "contestant": name,
            "value": spread_record(results.spread(figure.name, metric.key, name)),
            "ratio_of_ours": spread_record(results.ratio(figure.name, metric.key, OURS, name)),
        }
        for figure in FIGURES
        for metric in figure.metrics
        for name in results.contestants(figure.name)
    ]


def spread_record(spread: Spread | None) -> dict | None:
    return asdict(spread) if spread else None
