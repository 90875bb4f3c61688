"""What the curves run: the figures of bench_system, the command aftercommit, and the servers' own clients."""

import json
import subprocess
import time
from collections.abc import Iterable

import processes
import quiet
import servers
from contestants import ROOT

PROGRAMS = ROOT / "build/bench/bin"
TIMEOUT_SECONDS = 600
PAUSE_SECONDS = 0.3

others: list[float] = []  # the share of the machine that other programs used before each figure, from 0 to 1


def figure(name: str, jobs: int = 1, **options) -> dict:
    """What it prints; throws RunFailed. An option that is True has no value; one that is None is left out.

    Begins once Redis is done with what earlier calls have led to: a snapshot, a new log.
    """
    servers.await_background_work()
    others.append(quiet.pause(PAUSE_SECONDS))
    command = [str(PROGRAMS / "bench_system"), name, "--jobs", str(jobs)]
    for option, value in options.items():
        if value is None or value is False:
            continue
        command.append("--" + option.replace("_", "-"))
        if value is not True:
            command.append(str(value))
    line = processes.run(command, TIMEOUT_SECONDS)
    try:
        return dict(json.loads(line))
    except ValueError as error:
        raise processes.RunFailed(f"its last line is no JSON object: {line[:200]}") from error


def command_ms(*words: str) -> float:
    """How long the command aftercommit takes, its own start included; the shortest of three."""
    taken = []
    servers.await_background_work()
    for _ in range(3):
        began = time.monotonic()
        processes.run([str(PROGRAMS / "aftercommit"), *words], TIMEOUT_SECONDS)
        taken.append(time.monotonic() - began)
    return min(taken) * 1000


def sql(text: str) -> None:
    """Takes as long as it takes."""
    done = subprocess.run(
        ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", "-", servers.url("DATABASE_URL")],
        input=text, capture_output=True, text=True, timeout=TIMEOUT_SECONDS,
    )
    if done.returncode != 0:
        raise servers.ServerTrouble(f"psql answered {done.returncode}: {done.stderr.strip()}")


def redis_mass(commands: Iterable[tuple[str, ...]]) -> None:
    """Many commands by redis-cli --pipe."""
    client = subprocess.Popen(
        ["redis-cli", "-u", servers.url("REDIS_URL"), "--pipe"],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )
    for words in commands:
        parts = [f"*{len(words)}\r\n", *(f"${len(word.encode())}\r\n{word}\r\n" for word in words)]
        client.stdin.write("".join(parts).encode())
    client.stdin.close()
    said = client.stderr.read().decode().strip()
    if client.wait() != 0:
        raise servers.ServerTrouble(f"redis-cli --pipe answered {client.returncode}: {said}")
