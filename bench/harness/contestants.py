"""Who takes part: ours, the limits, and the peers that bench/peers holds.

A contestant is a command, called as COMMAND FIGURE --jobs N, with REDIS_URL and DATABASE_URL naming servers
that are empty. It measures, and prints one line of JSON, its last, with the figure's metrics. Any exit code
but 0 is a failure, and standard error explains it. COMMAND --figures names those that it knows, one a line.
"""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from figures import FIGURES, Figure

ROOT = Path(__file__).resolve().parents[2]
OURS = "ours"
LIMIT = "limit"
LIMITS = {  # with their arguments: see bench/limits/run
    LIMIT: (),
    "limit_hiredis": ("--kind", "hiredis"),
    "limit_statement": ("--kind", "statement"),
    "limit_bare": ("--kind", "bare"),
}

# Jobs at most, where a peer would take minutes for as many as the others.
PATIENCE = {
    "celery": {"enqueue_one": 20_000, "drain": 20_000, "insert": 10_000, "memory": 20_000},
    "rq": {"enqueue_one": 10_000, "drain": 2_000},
    "bullmq": {"drain": 100_000},
    "graphile_worker": {"enqueue_one": 5_000},
    "pg_boss": {"enqueue_one": 5_000},
    "sidekiq": {"drain": 100_000},
}


@dataclass(frozen=True)
class Contestant:
    name: str
    is_peer: bool
    command: tuple[str, ...]
    figures: frozenset[str]

    def jobs(self, figure: Figure, quick: bool) -> int:
        wanted = figure.quick_jobs if quick else figure.jobs
        return min(wanted, PATIENCE.get(self.name, {}).get(figure.name, wanted))

    def command_for(self, figure: Figure, jobs: int) -> list[str]:
        return [*self.command, figure.name, "--jobs", str(jobs)]


def names(with_peers: bool) -> list[str]:
    peers = sorted(program.parent.name for program in ROOT.glob("bench/peers/*/run"))
    return [OURS, *LIMITS, *(peers if with_peers else [])]


def make(name: str) -> Contestant:
    """Throws RuntimeError for one that cannot be asked for its figures."""
    if name == OURS:
        program = str(ROOT / "build/bench/bin/bench_system")
        return Contestant(name, False, (program,), frozenset(figure.name for figure in FIGURES))
    if name in LIMITS:
        command = (str(ROOT / "bench/limits/run"), *LIMITS[name])
        return Contestant(name, False, command, figures_of(command))
    command = (str(ROOT / "bench/peers" / name / "run"),)
    return Contestant(name, True, command, figures_of(command))


def figures_of(command: tuple[str, ...]) -> frozenset[str]:
    answer = subprocess.run([*command, "--figures"], capture_output=True, text=True)
    if answer.returncode != 0:
        asked = " ".join([*command, "--figures"])
        raise RuntimeError(f"{asked} answered {answer.returncode}: {answer.stderr.strip()}")
    return frozenset(answer.stdout.split())
