"""The envelope of a job, and the letter of one that is dead: docs/wire-format.md."""
import json
import random
import time


def now_ms():
    return int(time.time() * 1000)


def read(text):
    """Fields that this program does not know are kept, so that they are there when the job is written again."""
    job = json.loads(text)
    if job.get("v") != 1:
        raise ValueError(f"version {job.get('v')} of the format")
    return job


def write(job):
    return json.dumps(job, ensure_ascii=False, separators=(",", ":"))


def failed(job, worker, error):
    """The job as it runs next, with this failure among its errors: the first and the newest 99."""
    errors = [*job.get("errors", []), {"attempt": job.get("attempt", 1), "at": now_ms(), "worker": worker,
                                       "error": str(error)[:1000] or type(error).__name__, "type": type(error).__name__}]
    if len(errors) > 100:
        del errors[1]
    return {**job, "attempt": job.get("attempt", 1) + 1, "errors": errors}


def may_retry(job, default):
    """After the failure of the attempt that it is at."""
    return job.get("attempt", 1) - job.get("snoozes", 0) <= job.get("max_retries", default) and \
        now_ms() < job.get("retry_until", float("inf"))


def countdown_ms(job, default):
    """Before the retry that follows on this attempt."""
    backoff = job.get("backoff", default)
    fixed = backoff["kind"] == "fixed"
    retry = max(job.get("attempt", 1) - job.get("snoozes", 0), 1)
    wait = backoff["base_ms"] * (1 if fixed else backoff.get("factor", 2) ** min(retry - 1, 64))
    wait = min(wait, backoff.get("cap_ms", backoff["base_ms"] if fixed else 3600000))
    wait -= wait * backoff.get("jitter", 0 if fixed else 0.2) * random.random()
    return int(max(wait, backoff.get("floor_ms", 0)))


def letter(job, worker, entry, cause, reason):
    return write({"v": 1, "cause": cause, "reason": reason[:1000], "worker": worker, "at": now_ms(), "entry": entry, "job": job})
