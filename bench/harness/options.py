"""What scripts/bench was asked for."""

import argparse
from dataclasses import dataclass
from pathlib import Path

import contestants
from figures import BY_NAME, FIGURES, Figure
from rounds import Settings

MICRO = "micro"  # these two count as figures here
ROUND_TRIPS = "round_trips"


@dataclass(frozen=True)
class Options:
    figures: list[Figure]
    micro: bool
    round_trips: bool
    contestants: list[str]  # names
    peers: bool
    settings: Settings
    json: Path
    check: bool


def parse() -> Options:
    """Ends the program with exit code 2 where the arguments make no sense."""
    parser = argparse.ArgumentParser(prog="scripts/bench", add_help=False)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--contestants", default="")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--json", type=Path, default=contestants.ROOT / "build/bench/results.json")
    parser.add_argument("--check", action="store_true", help=argparse.SUPPRESS)  # the arguments alone
    given = parser.parse_args()

    if given.rounds is not None and given.rounds < 1:
        parser.error("--rounds needs a number above 0")
    names = contestants.names(given.peers)
    all_figures = [*BY_NAME, MICRO, ROUND_TRIPS]
    for name in words(given.contestants):
        if name not in names:
            more = "" if given.peers else "; with --peers there are more"
            parser.error(f"there is no contestant '{name}', only: {', '.join(names)}{more}")
    for name in words(given.only):
        if name not in all_figures:
            parser.error(f"there is no figure '{name}', only: {', '.join(all_figures)}")

    only = words(given.only) or all_figures
    return Options(
        figures=[figure for figure in FIGURES if figure.name in only],
        micro=MICRO in only,
        round_trips=ROUND_TRIPS in only,
        contestants=[name for name in names if name in (words(given.contestants) or names)],
        peers=given.peers,
        settings=Settings(
            rounds=given.rounds or (1 if given.quick else 3),
            quick=given.quick,
            settle_seconds=0.2 if given.quick else 1,
            timeout_seconds=300,
        ),
        json=given.json,
        check=given.check,
    )


def words(listed: str) -> list[str]:
    return [word for word in listed.split(",") if word]
