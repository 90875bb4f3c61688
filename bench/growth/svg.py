"""A chart as SVG: lines with marks, their names beside their ends, in colours for light and dark pages."""

import math
from html import escape

from charts import Chart, Results, size_text

WIDTH, HEIGHT = 760, 380
LEFT, RIGHT, TOP, BOTTOM = 78, 250, 58, 62  # margins
COLOURS = (("#0b62a8", "#6cb6ff"), ("#b3500a", "#f0a35e"), ("#1f7a3d", "#6fd08c"), ("#8a3ea8", "#d79bf0"),
           ("#a32638", "#ff8f9c"), ("#5a5a00", "#d6cf5a"), ("#006d77", "#5fd3de"), ("#6b4226", "#d8a988"))
LINE_HEIGHT = 15
DIGIT_WIDTH = 6.5
NAME_CHARACTERS = 34  # that fit beside the lines

STYLE = """
text { font: 12px system-ui, sans-serif; fill: #24292f }
.title { font-size: 15px; font-weight: 600 }
.page { fill: #ffffff; stroke: #d0d7de }
.grid { stroke: #d8dee4; stroke-width: 1 }
.axis { stroke: #57606a; stroke-width: 1 }
.line { fill: none; stroke-width: 2 }
"""
DARK = """
text { fill: #e6edf3 }
.page { fill: #0d1117; stroke: #30363d }
.grid { stroke: #2b3138 }
.axis { stroke: #8b949e }
"""


def draw(results: Results, chart: Chart) -> str:
    series = {name: results.medians(chart, name) for name in results.series(chart)}
    across = Across(chart, sorted({size for medians in series.values() for size in medians}))
    upward = Upward(chart, [value for medians in series.values() for value in medians.values()])
    parts = [head(chart), *across.grid(), *upward.grid()]
    ends = []
    for number, (name, medians) in enumerate(series.items()):
        places = [(across.place(size), upward.place(value)) for size, value in medians.items()]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline class="line s{number % len(COLOURS)}" points="{path}"/>')
        if len(places) <= 12:
            parts += [f'<circle class="m{number % len(COLOURS)}" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>'
                      for x, y in places]
        ends.append((places[-1], number, name))
    return "\n".join([*parts, *names(ends), "</svg>", ""])


def head(chart: Chart) -> str:
    light = "".join(f".s{i} {{ stroke: {one} }} .m{i} {{ fill: {one} }}\n" for i, (one, _) in enumerate(COLOURS))
    dark = "".join(f".s{i} {{ stroke: {one} }} .m{i} {{ fill: {one} }}\n" for i, (_, one) in enumerate(COLOURS))
    middle = (LEFT + WIDTH - RIGHT) / 2
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'role="img" aria-label="{escape(chart.title)}, {escape(chart.unit)}">',
        f"<style>{STYLE}{light}@media (prefers-color-scheme: dark) {{{DARK}{dark}}}</style>",
        f'<rect class="page" x="0.5" y="0.5" width="{WIDTH - 1}" height="{HEIGHT - 1}" rx="6"/>',
        f'<text class="title" x="20" y="26">{escape(chart.title)}</text>',
        f'<text x="20" y="{TOP - 12}">{escape(chart.unit)}</text>',
        f'<text x="{middle:.0f}" y="{HEIGHT - 16}" text-anchor="middle">{escape(chart.sizes)}</text>',
    ])


class Across:
    """The axis of sizes."""

    def __init__(self, chart: Chart, sizes: list[float]) -> None:
        self.axis = chart.axis
        self.sizes = sizes
        self.low, self.high = self.measure(sizes[0]), self.measure(sizes[-1])

    def measure(self, size: float) -> float:
        if self.axis == "each":
            return self.sizes.index(size)
        return math.log10(size) if self.axis == "log" else size

    def place(self, size: float) -> float:
        share = (self.measure(size) - self.low) / (self.high - self.low) if self.high > self.low else 0.5
        return LEFT + 16 + share * (WIDTH - RIGHT - LEFT - 32)

    def grid(self) -> list[str]:
        y = HEIGHT - BOTTOM
        parts = [f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>']
        shown = round_steps(self.high) if self.axis == "linear" else self.sizes
        for size in shown:
            x = self.place(size)
            parts.append(f'<line class="axis" x1="{x:.1f}" x2="{x:.1f}" y1="{y}" y2="{y + 5}"/>')
            text = size_text(size)
            x = min(x, WIDTH - RIGHT + 8 - len(text) * DIGIT_WIDTH / 2)  # not below the names
            parts.append(f'<text x="{x:.1f}" y="{y + 19}" text-anchor="middle">{power(text)}</text>')
        return parts


class Upward:
    """The axis of values: from 0, or by powers of ten."""

    def __init__(self, chart: Chart, values: list[float]) -> None:
        self.log = chart.log_values
        if self.log:
            least = min(value for value in values if value > 0)
            self.low, self.high = math.floor(math.log10(least)), math.ceil(math.log10(max(values)))
            self.high = max(self.high, self.low + 1)
            self.steps = [10.0**power for power in range(self.low, self.high + 1)]
        else:
            self.steps = round_steps(max(values), up=True)
            self.low, self.high = 0, self.steps[-1]

    def place(self, value: float) -> float:
        measured = math.log10(max(value, 10.0**self.low)) if self.log else value
        return HEIGHT - BOTTOM - (measured - self.low) / (self.high - self.low) * (HEIGHT - TOP - BOTTOM)

    def grid(self) -> list[str]:
        parts = []
        for step in self.steps:
            y = self.place(step)
            parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
            parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{step:,.10g}</text>')
        return parts


def round_steps(highest: float, up: bool = False) -> list[float]:
    """Some four to seven round values from 0 to `highest`, or to the first beyond it."""
    if highest <= 0:
        return [0, 1]
    unit = 10 ** math.floor(math.log10(highest / 4))
    step = next(unit * factor for factor in (1, 2, 2.5, 5, 10) if highest / (unit * factor) <= 6)
    count = math.ceil(highest / step - 1e-9) if up else math.floor(highest / step + 1e-9)
    return [round(step * number, 10) for number in range(count + 1)]


def names(ends: list[tuple[tuple[float, float], int, str]]) -> list[str]:
    """Each beside the end of its line, moved apart where two would meet."""
    wanted = sorted(ends, key=lambda end: end[0][1])
    heights = [len(folded(name)) * LINE_HEIGHT + 3 for _, _, name in wanted]
    tops = [y - height / 2 for ((_, y), _, _), height in zip(wanted, heights)]
    for i in range(1, len(tops)):
        tops[i] = max(tops[i], tops[i - 1] + heights[i - 1])
    limit = HEIGHT - BOTTOM + 4  # below stand the sizes
    for i in reversed(range(len(tops))):
        tops[i] = min(tops[i], limit - heights[i])
        limit = tops[i]
    parts = []
    for (_, number, name), top in zip(wanted, tops):
        x = WIDTH - RIGHT + 10
        mark = f'x="{x}" y="{top + 5:.1f}" width="10" height="10" rx="2"'
        parts.append(f'<rect class="m{number % len(COLOURS)}" {mark}/>')
        parts += [f'<text x="{x + 16}" y="{top + 14 + i * LINE_HEIGHT:.1f}">{escape(line)}</text>'
                  for i, line in enumerate(folded(name))]
    return parts


def folded(name: str) -> list[str]:
    lines = [""]
    for word in name.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > NAME_CHARACTERS:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def power(text: str) -> str:
    """10^6 with the 6 raised."""
    base, _, exponent = text.partition("^")
    return f'{base}<tspan dy="-5" font-size="9">{exponent}</tspan>' if exponent else text
