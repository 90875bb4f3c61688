"""What a curve shows: values of one unit over one measure of size, and the samples behind them."""

import statistics
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Chart:
    name: str  # of the file
    title: str
    sizes: str  # what stands at the x axis, with its unit
    unit: str
    axis: str = "log"  # of the sizes: log, linear, or each: one place for each size
    log_values: bool = False
    decimals: int = 0
    note: str = ""  # what to know when reading it

    def text(self, value: float) -> str:
        return f"{value:,.{self.decimals}f}"


@dataclass(frozen=True)
class Sample:
    curve: str
    chart: str
    series: str
    size: float
    value: float


@dataclass
class Results:
    samples: list[Sample] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    others: list[float] = field(default_factory=list)  # shares of the machine used by other programs, 0 to 1

    def series(self, chart: Chart) -> list[str]:
        """In the order of their first samples."""
        return list(dict.fromkeys(sample.series for sample in self.samples if sample.chart == chart.name))

    def medians(self, chart: Chart, series: str) -> dict[float, float]:
        """By size, smallest first."""
        values: dict[float, list[float]] = {}
        for sample in self.samples:
            if (sample.chart, sample.series) == (chart.name, series):
                values.setdefault(sample.size, []).append(sample.value)
        return {size: statistics.median(values[size]) for size in sorted(values)}


def size_text(size: float) -> str:
    """10^6 for a million, 1,000 for what is short enough, 1.5."""
    if size >= 10_000 and f"{size:.0f}".strip("0") == "1":
        return f"10^{len(f'{size:.0f}') - 1}"
    return f"{size:,.0f}" if size == int(size) else f"{size:.1f}"
