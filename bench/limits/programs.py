"""Runs the programs that measure."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class ProgramFailed(Exception):
    """A sentence, with what the program said."""


def server(variable: str) -> str:
    """The URL in REDIS_URL or DATABASE_URL."""
    url = os.environ.get(variable)
    if not url:
        raise ProgramFailed(f"{variable} is not set: run beside scripts/devstack")
    return url


def output_of(command: Sequence[str], text: str = "") -> str:
    """What the program prints, given `text` to read."""
    try:
        done = subprocess.run(command, input=text, capture_output=True, text=True)
    except OSError as error:
        raise ProgramFailed(f"cannot run {command[0]}: {error.strerror}") from error
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()
        raise ProgramFailed(f"{Path(command[0]).name} answered {done.returncode}: {said[-2000:]}")
    return done.stdout


def payload(durable: bool = False) -> str:
    """A job as it travels."""
    return output_of([program("bench_redis"), "payload", *(["--durable"] if durable else [])]).strip()


def program(name: str) -> str:
    """One that the build has made."""
    return str(ROOT / "build/bench/bin" / name)
