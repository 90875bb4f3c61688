"""What PostgreSQL can do: pgbench with our statements in our messages, by the better of two protocols."""

import re
import tempfile
from collections.abc import Callable

from pgbench_scripts import ID_STEM, NUMBER, PLACES, script_text
from programs import ProgramFailed, output_of, payload, program, servers

CLIENTS = 16  # connections of a worker
THREADS = 2  # of pgbench


def insert(jobs: int, script: str) -> dict:
    """A job that inserts one row and takes effect once, by 16 connections."""

    def measure(protocol: str, count: int) -> float:
        make_tables()
        fill_job_table(count)
        pgbench(script, protocol, CLIENTS, count)
        left, done, seconds = psql(
            "SELECT (SELECT count(*) FROM aftercommit.job), count(*), extract(epoch FROM max(at) - min(at)) "
            "FROM bench_effect"
        ).split()
        if int(left) != 0 or int(done) != count:
            raise ProgramFailed(f"{done} of {count} rows were inserted, and {left} jobs are left")
        return (count - 1) / float(seconds)

    return better_of(measure, jobs, CLIENTS)


def enqueue_tx(jobs: int, script: str, clients: int) -> dict:
    """A transaction of one row and, unless the script is the bare one, one job."""

    def measure(protocol: str, count: int) -> float:
        make_tables()
        return pgbench(script, protocol, clients, count)

    return better_of(measure, jobs, clients)


def better_of(measure: Callable[[str, int], float], jobs: int, clients: int) -> dict:
    """Half of the jobs for each protocol, as many for each client."""
    count = max(jobs // len(PLACES) // clients, 1) * clients
    rates = {protocol: measure(protocol, count) for protocol in PLACES}
    best = max(rates, key=lambda protocol: rates[protocol])
    return {"rate": rates[best], "protocol": best, "rates": rates}


def pgbench(script: str, protocol: str, clients: int, transactions: int) -> float:
    """Transactions per second."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script_text(script, protocol))
        file.flush()
        threads = min(THREADS, clients)
        options = ["-n", "-M", protocol, "-c", str(clients), "-j", str(threads), "-f", file.name]
        variables = ["-D", "i=0", "-D", f"envelope={payload(durable=True)}"]
        each = ["-t", str(transactions // clients)]
        text = output_of(["pgbench", *options, *variables, *each, servers.url("DATABASE_URL")])
    rate = re.search(r"^tps = ([0-9.]+) \(without initial connection time\)", text, re.MULTILINE)
    if rate is None:
        raise ProgramFailed(f"pgbench printed no rate but: {text}")
    return float(rate[1])


def make_tables() -> None:
    """As bench_system does."""
    psql("DROP SCHEMA IF EXISTS aftercommit CASCADE; DROP TABLE IF EXISTS bench_effect")
    output_of([program("aftercommit"), "migrate"])
    psql("CREATE TABLE bench_effect(id bigint, name text, at timestamptz DEFAULT clock_timestamp())")


def fill_job_table(jobs: int) -> None:
    """The rows that the guard will delete."""
    number = NUMBER.format(i="i", client="client")
    psql(
        f"INSERT INTO aftercommit.job (id, queue, envelope) "
        f"SELECT ('{ID_STEM}' || ({number}))::uuid, 'default', '{payload(durable=True)}' "
        f"FROM generate_series(1, {jobs // CLIENTS}) AS i, generate_series(0, {CLIENTS - 1}) AS client "
        f"ORDER BY 1; CHECKPOINT"
    )


def psql(text: str) -> str:
    quiet = "SET client_min_messages = warning;"
    options = ["-X", "-q", "-A", "-t", "-F", " ", "-v", "ON_ERROR_STOP=1"]
    return output_of(["psql", *options, "-f", "-", servers.url("DATABASE_URL")], quiet + text)
