"""The results as text: a table for each metric, with its goals below."""

import statistics
from collections.abc import Sequence

from contestants import OURS
from figures import FIGURES, Figure, Metric
from goals import Verdict
from micro import Micro
from ratios import Results, Spread
from round_trips import RoundTrips
from rounds import Sample

NAME, VALUE, RATIO = 17, 12, 11  # widths of the columns
TOLERABLE = 0.1  # of the machine, used by others


def machine_text(machine: dict) -> str:
    redis, postgresql = machine["redis"], machine["postgresql"]
    lines = [
        f"{machine['cores']} cores of {machine['cpu']}, {machine['memory_mib']:,} MiB, {machine['system']}",
        f"aftercommit {machine['aftercommit']}",
        f"Redis {redis['version']}, appendonly {redis['appendonly']}, appendfsync {redis['appendfsync']}",
        f"PostgreSQL {postgresql['version']}, fsync {postgresql['fsync']}, "
        f"synchronous_commit {postgresql['synchronous_commit']}",
    ]
    lines += [f"{name} {version}" for name, version in machine.get("peers", {}).items()]
    return "\n".join(lines) + "\n"


def results_text(
    results: Results, verdicts: Sequence[Verdict], micros: Sequence[Micro], trips: Sequence[RoundTrips]
) -> str:
    run = {sample.figure for sample in results.samples}
    parts = [
        table(figure, metric, results, verdicts)
        for figure in FIGURES
        if figure.name in run
        for metric in figure.metrics
    ]
    if micros:
        parts.append(micro_table(micros))
    if trips:
        parts.append(round_trips_table(trips))
    if verdicts:
        parts.append(goals_text(verdicts))
    if results.samples:
        parts.append(others_text(results))
    return "\n".join(parts)


def table(figure: Figure, metric: Metric, results: Results, verdicts: Sequence[Verdict]) -> str:
    jobs = sorted({sample.jobs for sample in results.samples if sample.figure == figure.name})
    many = " or ".join(f"{count:,}" for count in jobs)
    lines = [
        f"{' '.join([figure.name, metric.title]).strip()}, {metric.unit}: {figure.words} ({many} jobs)",
        f"  {'':{NAME}} {'median':>{VALUE}} {'min':>{VALUE}} {'max':>{VALUE}} {'ours / it':>{RATIO}}",
    ]
    for name in results.contestants(figure.name):
        lines.append(f"  {name:{NAME}} {row(figure, metric, results, name)}")
    lines += [
        f"  goal: {verdict.words}: {verdict_text(verdict)}"
        for verdict in verdicts
        if (verdict.goal.figure, verdict.goal.metric) == (figure.name, metric.key)
    ]
    return "\n".join(lines) + "\n"


def row(figure: Figure, metric: Metric, results: Results, name: str) -> str:
    spread = results.spread(figure.name, metric.key, name)
    ratio = results.ratio(figure.name, metric.key, OURS, name) if name != OURS else None
    errors = [s.error for s in results.samples if (s.figure, s.contestant) == (figure.name, name)]
    failed = len(errors) - errors.count("")
    cells = []
    if spread:
        cells += [f"{metric.text(value):>{VALUE}}" for value in (spread.median, spread.low, spread.high)]
    if ratio:
        cells.append(f"{ratio.median:>{RATIO}.2f}")
    if failed:
        cells.append(f"  failed in {failed} of {len(errors)} rounds" if spread else f"{'failed':>{VALUE}}")
    return " ".join(cells)


def verdict_text(verdict: Verdict) -> str:
    return f"{spread_text(verdict.measured)}, {verdict.word}" if verdict.measured else verdict.word


def spread_text(spread: Spread) -> str:
    around = f" ({spread.low:.3g} .. {spread.high:.3g})" if spread.low < spread.high else ""
    return f"{spread.median:.3g}{around}"


def micro_table(micros: Sequence[Micro]) -> str:
    width = max(len(micro.name) for micro in micros)
    lines = ["micro, ns: the small parts", f"  {'':{width}} {'median':>{VALUE}}"]
    for micro in micros:
        outcome = f"failed: {micro.error}" if micro.error else f"{micro.nanoseconds:>{VALUE},.1f}"
        lines.append(f"  {micro.name:{width}} {outcome}")
    return "\n".join(lines) + "\n"


def round_trips_table(trips: Sequence[RoundTrips]) -> str:
    width = max(len(one.words) for one in trips)
    lines = ["round_trips, messages a job", f"  {'':{width}} {'PostgreSQL':>{VALUE}} {'Redis':>{VALUE}}"]
    lines += [f"  {one.words:{width}} {one.postgresql:>{VALUE}.2f} {one.redis:>{VALUE}.2f}" for one in trips]
    return "\n".join(lines) + "\n"


def goals_text(verdicts: Sequence[Verdict]) -> str:
    words = [verdict.word for verdict in verdicts]
    counts = [f"{words.count(word)} {word}" for word in ("met", "missed", "not measured")]
    return f"Goals: {', '.join(counts)}\n"


def others_text(results: Results) -> str:
    """What to make of it all."""
    share = statistics.median(sample.others for sample in results.samples)
    text = f"Other programs used {share:.0%} of the machine in the pauses between the runs (median)"
    return f"{text}: too much to trust these figures.\n" if share > TOLERABLE else f"{text}.\n"


def progress_text(sample: Sample, figure: Figure, rounds: int) -> str:
    values = [
        f"{metric.title} {metric.text(sample.values[metric.key])} {metric.unit}".strip()
        for metric in figure.metrics
        if sample.values
    ]
    outcome = ", ".join(values) or f"failed: {sample.error}"
    who = f"{figure.name:14} {sample.round}/{rounds}  {sample.contestant:{NAME}}"
    return f"{who} {outcome}  [{sample.seconds:.1f} s]"


def failure_text(sample: Sample) -> str:
    return f"{sample.contestant} failed at {sample.figure}, round {sample.round}: {sample.error}"
