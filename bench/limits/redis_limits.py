"""What Redis can do: redis-benchmark for what comes in, bench_redis for what goes out."""

import json

from programs import ProgramFailed, output_of, payload, program, servers

STREAM = "ac:{default}:stream"


def xadd(jobs: int, pipeline: int) -> dict:
    """One client, `pipeline` commands in one message."""
    command = ["redis-benchmark", "-u", servers.url("REDIS_URL"), "--csv", "-c", "1", "-P", str(pipeline)]
    text = output_of([*command, "-n", str(jobs), "XADD", STREAM, "*", "e", payload()])
    columns, values = text.strip().splitlines()[-2:]
    # The first value, the command itself, holds quotes and commas: so the columns are counted from the end.
    names = [name.strip('"') for name in columns.split(",")]
    found = values.rsplit(",", len(names) - 1)
    if "rps" not in names or len(found) != len(names):
        raise ProgramFailed(f"redis-benchmark printed no rate but: {text}")
    return {"rate": float(found[names.index("rps")].strip('"'))}


def loop(figure: str, jobs: int) -> dict:
    """A bare loop over hiredis."""
    return json.loads(output_of([program("bench_redis"), figure, "--jobs", str(jobs)]))


def payload_bytes() -> dict:
    """What a job takes before Redis has added anything."""
    size = len(payload())
    return {"waiting_bytes": size, "delayed_bytes": size}
