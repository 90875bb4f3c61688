"""The small benchmarks: one program of Google Benchmark, run three times over."""

import json
import tempfile
from dataclasses import dataclass

import processes
from contestants import ROOT

TIMEOUT_SECONDS = 300


@dataclass(frozen=True)
class Micro:
    name: str
    nanoseconds: float  # median
    error: str


def run(quick: bool) -> list[Micro]:
    """Throws RunFailed."""
    program = str(ROOT / "build/bench/bin/bench_micro")
    options = ["--benchmark_repetitions=3", f"--benchmark_min_time={0.05 if quick else 0.5}"]
    with tempfile.NamedTemporaryFile("r", suffix=".json") as file:
        output = [f"--benchmark_out={file.name}", "--benchmark_out_format=json"]
        processes.run([program, *options, *output], TIMEOUT_SECONDS)
        found = json.load(file)["benchmarks"]
    return [
        Micro(one["run_name"], one.get("real_time", 0), one.get("error_message", ""))
        for one in found
        if one.get("aggregate_name") == "median" or one.get("error_occurred")
    ]
