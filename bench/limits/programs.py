"""Runs the programs that measure."""

import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "harness"))  # how servers are found and asked

import servers  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]


class ProgramFailed(servers.ServerTrouble):
    """A sentence, with what the program said."""


def output_of(command: Sequence[str], text: str = "") -> str:
    """What the program prints, given `text` to read."""
    return servers.ask(command, text, seconds=None)


def payload(durable: bool = False) -> str:
    """A job as it travels."""
    return output_of([program("bench_redis"), "payload", *(["--durable"] if durable else [])])


def program(name: str) -> str:
    """One that the build has made."""
    return str(ROOT / "build/bench/bin" / name)
