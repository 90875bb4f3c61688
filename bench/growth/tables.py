"""The results as tables in Markdown, which are readable as they stand."""

import statistics

from charts import Chart, Results, size_text

MOST_COLUMNS = 6
TOLERABLE = 0.1  # of the machine, used by others


def text(results: Results, charts: list[Chart], links: bool) -> str:
    parts = [table(results, chart, links) for chart in charts if results.series(chart)]
    return "\n".join(parts)


def table(results: Results, chart: Chart, links: bool) -> str:
    columns = sizes_shown(results, chart)
    lines = [f"### {chart.title}, {chart.unit}", ""]
    if links:
        lines += [f"![{chart.title}]({chart.name}.svg)", ""]
    if chart.note:
        lines += [chart.note[0].upper() + chart.note[1:] + ".", ""]
    cells = [[chart.sizes, *(size_text(size) for size in columns), "last / first"]]
    for series in results.series(chart):
        medians = results.medians(chart, series)
        values = [medians.get(nearest(medians, size)) if chart.axis == "linear" else medians.get(size)
                  for size in columns]
        there = [value for value in values if value is not None]
        ratio = f"{there[-1] / there[0]:.2f}" if len(there) > 1 and there[0] else ""
        cells.append([series, *("" if value is None else chart.text(value) for value in values), ratio])
    widths = [max(3, *(len(row[i]) for row in cells)) for i in range(len(cells[0]))]
    cells.insert(1, ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])])
    for row in cells:
        rest = (f"{cell:>{width}}" for cell, width in zip(row[1:], widths[1:]))
        lines.append(f"| {row[0]:{widths[0]}} | {' | '.join(rest)} |")
    return "\n".join(lines) + "\n"


def sizes_shown(results: Results, chart: Chart) -> list[float]:
    """All of them; of a linear axis the first and the whole ones."""
    sizes = sorted({size for series in results.series(chart) for size in results.medians(chart, series)})
    if chart.axis != "linear":
        return sizes
    last = sizes[-1]
    step = max(1, round(last / MOST_COLUMNS))
    whole = [float(minute) for minute in range(0, int(last) + 1, step)]
    return whole if len(whole) > 1 else [0.0, round(last, 1)]


def nearest(medians: dict[float, float], size: float) -> float | None:
    """What was measured about then; nothing where it ended before."""
    found = min(medians, key=lambda other: abs(other - size), default=None)
    return found if found is not None and abs(found - size) <= 0.25 else None


def others_text(shares: list[float]) -> str:
    share = statistics.median(shares)
    text = f"Other programs used {share:.0%} of the machine in the pauses before the figures (median)"
    return f"{text}: too much to trust these.\n" if share > TOLERABLE else f"{text}.\n"
