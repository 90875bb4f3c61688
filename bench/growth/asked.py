"""What scripts/bench --growth was asked for."""

import argparse
from dataclasses import dataclass
from pathlib import Path

import curves
import plan
from contestants import ROOT


@dataclass(frozen=True)
class Asked:
    curves: list[str]
    plan: plan.Plan
    rounds: int
    json: Path
    plots: Path | None
    keep: bool
    redraw: bool
    check: bool


def parse() -> Asked:
    """Ends the program with exit code 2 where the arguments make no sense."""
    parser = argparse.ArgumentParser(prog="scripts/bench --growth", add_help=False)
    parser.add_argument("--growth", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--json", type=Path, default=ROOT / "build/bench/growth.json")
    parser.add_argument("--plots", type=Path)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--redraw", action="store_true")
    parser.add_argument("--check", action="store_true", help=argparse.SUPPRESS)  # the arguments alone
    given = parser.parse_args()

    only = [word for word in given.only.split(",") if word]
    for name in only:
        if name not in curves.ALL:
            parser.error(f"there is no curve '{name}', only: {', '.join(curves.ALL)}")
    if given.rounds < 1:
        parser.error("--rounds needs a number above 0")
    if given.quick and given.full:
        parser.error("--quick and --full exclude each other")
    if (given.redraw or given.keep) and not given.json.exists():
        parser.error(f"there is no {given.json} with earlier samples")
    return Asked(
        curves=[name for name in curves.ALL if name in (only or curves.ALL)],
        plan=plan.QUICK if given.quick else plan.FULL if given.full else plan.USUAL,
        rounds=given.rounds,
        json=given.json,
        plots=given.plots,
        keep=given.keep,
        redraw=given.redraw,
        check=given.check,
    )
