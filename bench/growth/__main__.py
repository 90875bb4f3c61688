"""Measures what aftercommit costs as work grows, and draws it. Called by scripts/bench --growth."""

import signal
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "harness"))  # what both measure with

import asked  # noqa: E402
import curves  # noqa: E402
import machine  # noqa: E402
import processes  # noqa: E402
import programs  # noqa: E402
import record  # noqa: E402
import servers  # noqa: E402
import svg  # noqa: E402
import tables  # noqa: E402
from charts import Chart, Results, Sample, size_text  # noqa: E402


def main() -> int:
    given = asked.parse()
    if given.check:
        return 0
    if given.redraw:
        _, results = record.read(given.json)
        show(given, results)
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    results = kept(given) if given.keep else Results()
    try:
        about = machine.describe(False)
        measure(given, results)
    except KeyboardInterrupt:
        return 130
    except (servers.ServerTrouble, RuntimeError) as trouble:
        say(f"scripts/bench: {trouble}")
        return 1
    finally:  # what was interrupted has its samples so far to show
        results.others += programs.others
        if results.samples:
            record.write(given.json, about, results)
            show(given, results)
            say(f"All samples are in {given.json}")
    for failure in results.failures:
        print(failure)
    return 1 if results.failures else 0


def kept(given: asked.Asked) -> Results:
    """What was measured earlier of other curves."""
    _, results = record.read(given.json)
    results.samples = [sample for sample in results.samples if sample.curve not in given.curves]
    results.failures = []
    return results


def measure(given: asked.Asked, results: Results) -> None:
    for _ in range(given.rounds):
        for name in given.curves:
            began = time.monotonic()

            def add(chart: Chart, series: str, size: float, value: float) -> None:
                results.samples.append(Sample(name, chart.name, series, size, value))
                say(f"{name:10} {series:40} {size_text(size):>8} {chart.sizes}: {chart.text(value)} {chart.unit}")

            try:
                curves.ALL[name].measure(given.plan, add)
            except (processes.RunFailed, KeyError) as failure:
                results.failures.append(f"{name} failed: {failure}")
                say(results.failures[-1])
            say(f"{name}: {time.monotonic() - began:.0f} s")


def show(given: asked.Asked, results: Results) -> None:
    charts = list({chart.name: chart for curve in curves.ALL.values() for chart in curve.CHARTS}.values())
    print(tables.text(results, charts, links=False))
    if results.others:
        print(tables.others_text(results.others))
    if given.plots is None:
        return
    given.plots.mkdir(parents=True, exist_ok=True)
    for chart in charts:
        if results.series(chart):
            (given.plots / f"{chart.name}.svg").write_text(svg.draw(results, chart))
    (given.plots / "growth.md").write_text(tables.text(results, charts, links=True))
    say(f"The plots are in {given.plots}")


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
