"""The Redis and the PostgreSQL that all contestants share: emptied before each, so none pays for another."""

import os
import subprocess
import time
from collections.abc import Sequence

DEADLINE_SECONDS = 60

# Every schema that is not the server's own, and whoever is still connected.
EMPTY_DATABASE = """
SET client_min_messages = warning;
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend';
DO $$
DECLARE
  name text;
BEGIN
  FOR name IN
    SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
  LOOP
    EXECUTE format('DROP SCHEMA %I CASCADE', name);
  END LOOP;
END
$$;
CREATE SCHEMA public;
CHECKPOINT;
"""


class ServerTrouble(Exception):
    """A sentence."""


def empty() -> None:
    redis("FLUSHALL", "SYNC")
    redis("SCRIPT", "FLUSH", "SYNC")
    await_background_work()
    redis("BGREWRITEAOF")  # the log starts anew, too
    await_background_work()
    psql(EMPTY_DATABASE)


def versions_and_settings() -> dict:
    info = redis_info("server")
    return {
        "redis": {
            "version": info["redis_version"],
            **{name: redis_setting(name) for name in ("appendonly", "appendfsync", "save")},
        },
        "postgresql": {
            "version": psql("SHOW server_version"),
            **{name: psql(f"SHOW {name}") for name in ("fsync", "synchronous_commit", "shared_buffers")},
        },
    }


def await_background_work() -> None:
    """Until Redis neither saves nor rewrites its log."""
    end = time.monotonic() + DEADLINE_SECONDS
    busy = ("rdb_bgsave_in_progress", "aof_rewrite_in_progress", "aof_rewrite_scheduled")
    while any(redis_info("persistence")[field] != "0" for field in busy):
        if time.monotonic() > end:
            raise ServerTrouble(f"Redis did not finish its background work within {DEADLINE_SECONDS} s")
        time.sleep(0.05)


def redis_info(section: str) -> dict[str, str]:
    lines = redis("INFO", section).splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line)


def redis_setting(name: str) -> str:
    return redis("CONFIG", "GET", name).splitlines()[-1]


def redis(*words: str) -> str:
    return ask(["redis-cli", "-e", "-u", url("REDIS_URL"), *words])


def psql(text: str) -> str:
    quiet = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]
    return ask(["psql", *quiet, "-f", "-", url("DATABASE_URL")], text)


def url(variable: str) -> str:
    found = os.environ.get(variable)
    if not found:
        raise ServerTrouble(f"{variable} is not set; run this by scripts/bench")
    return found


def ask(command: Sequence[str], text: str = "", seconds: float | None = DEADLINE_SECONDS) -> str:
    """What the program prints, given `text` to read; it may take as long as it likes if `seconds` is None."""
    try:
        done = subprocess.run(
            command, input=text, capture_output=True, text=True, timeout=seconds
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ServerTrouble(f"cannot run {command[0]}: {error}") from error
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()
        raise ServerTrouble(f"{command[0]} answered {done.returncode}: {said}")
    return done.stdout.strip()
