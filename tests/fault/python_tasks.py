"""Tasks of the fault tests for the worker in Python; what they write is as in harness/effects.cpp."""
import os
import time


class Deliberate(Exception):
    pass


def note_run(job):
    """One write: a killed process leaves a whole line, or none."""
    line = f"{job['id']} {job.get('attempt', 1)} {os.getpid()} {int(time.time() * 1000)}\n".encode()
    file = os.open(os.environ["FAULT_RUNS"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.write(file, line)
    os.close(file)


def ok(cursor, job, slot):
    note_run(job)
    cursor.execute("INSERT INTO effect(job_id, attempt, pid) VALUES (%s, %s, %s)",
                   [job["id"], job.get("attempt", 1), os.getpid()])
    cursor.execute("UPDATE counter SET n = n + 1 WHERE slot = %s", [slot])


def fail_once(cursor, job, slot):
    ok(cursor, job, slot)
    if job.get("attempt", 1) == 1:
        raise Deliberate("deliberate failure of attempt 1")


def fail_always(cursor, job, slot):
    ok(cursor, job, slot)
    raise Deliberate(f"deliberate failure of attempt {job.get('attempt', 1)}")


def answer(cursor, job, slot):
    ok(cursor, job, slot)
    return slot


tasks = {"ok": ok, "fail_once": fail_once, "fail_always": fail_always, "answer": answer}
retries = {"fail_always": 2}
