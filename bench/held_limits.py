"""Shows second by second how four workers hold their limits. Called by scripts/bench --limits."""

import argparse
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WORKERS = 4
RATE = 10
BURST = 1
JITTER = 1  # a job begins a moment after it has been counted: see docs/guide/limits.md

COLUMNS = {
    "starts under 10/s": "rate_starts",
    "starts of jobs with keys": "keyed_starts",
    "at once, of all keys": "keyed_most_at_once",
    "at once, of one key": "most_of_a_key_at_once",
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench --limits", add_help=False)
    parser.add_argument("--limits", action="store_true")
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--check", action="store_true", help=argparse.SUPPRESS)  # the arguments alone
    given = parser.parse_args()
    if given.seconds < 1:
        parser.error("--seconds needs a number above 0")
    if given.check:
        return 0
    program = ROOT / "build/bench/bin/bench_system"
    command = [program, "held_limits", "--daemons", str(WORKERS), "--seconds", str(given.seconds)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        return 1  # it has said why
    found = json.loads(done.stdout.splitlines()[-1])
    print(table(found))
    return judge(found)


def table(found: dict) -> str:
    lines = [["second", *COLUMNS]]
    lines += [
        [str(second), *(str(number) for number in numbers)]
        for second, numbers in enumerate(zip(*(found[name] for name in COLUMNS.values())), start=1)
    ]
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    texts = [" | ".join(word.rjust(width) for word, width in zip(line, widths)) for line in lines]
    texts.insert(1, "-|-".join("-" * width for width in widths))
    return "\n".join(f"| {text} |" if i != 1 else f"|-{text}-|" for i, text in enumerate(texts))


def judge(found: dict) -> int:
    most = found["rate_most_in_a_second"]
    of_a_key = max(found["most_of_a_key_at_once"])
    print(f"{found['workers']} workers: {found['rate']:.2f} starts/s, at most {most} in any second;")
    print(f"at most {of_a_key} of a key at once, {max(found['keyed_most_at_once'])} of all keys")
    return 0 if most <= RATE + BURST + JITTER and of_a_key <= 1 else 1


if __name__ == "__main__":
    sys.exit(main())
