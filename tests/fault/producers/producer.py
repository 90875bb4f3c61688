"""Asks for jobs from Python, to be killed by tests: in transactions of psycopg2, or by Celery's own library.

usage: producer.py psycopg2|celery INTENTS SEED FIRST COUNT [PAUSE_MS]

Finds its servers in DATABASE_URL and REDIS_URL, of which Celery takes the first; goes on whatever they answer.  What it
writes to INTENTS is as in harness/intent.cpp.  A client of Celery sends after its commit, as it cannot do otherwise: what it
had not sent when it died, or Redis has lost, may be missing, as jobs on commit may; but none runs twice, and none without
the commit.
"""
import json
import os
import random
import sys
import time
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "python"), str(ROOT / "tests/python")]
sys.dont_write_bytecode = True

import psycopg2  # noqa: E402

QUEUE = "load"
SLOTS = 16
UNKNOWN, OK, UNSENT, ROLLED_BACK, ERROR = range(5)  # as in harness/intent.hpp


def now_ms():
    return int(time.time() * 1000)


class Intents:
    """Lines, each by a single write that is on disk when the call returns."""

    def __init__(self, path):
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def append(self, line):
        os.write(self.file, (json.dumps(line) + "\n").encode())
        os.fdatasync(self.file)


class Producer:
    durable = True

    def __init__(self, file, seed):
        self.file, self.seed, self.connection = file, seed, None

    def connect(self):
        self.connection = psycopg2.connect(os.environ["DATABASE_URL"])

    def draw(self, dice):
        """One job that is to be asked for."""
        countdown = dice.randint(100, 1500) if dice.random() < 0.2 else 0
        return {"task": "fail_once" if dice.random() < 0.1 else "ok", "slot": dice.randrange(SLOTS), "countdown_ms": countdown}

    def produce(self, number):
        dice = random.Random(f"{self.seed} {number}")
        intent = {"tx": number, "commits": dice.random() >= 0.3, "jobs": []}
        outcome = ERROR
        try:
            if self.connection is None:
                self.connect()
            with self.connection.cursor() as cursor:
                cursor.execute("INSERT INTO biz(tx) VALUES (%s)", [number])
                calls = [self.ask(dice, intent) for _ in range(dice.randint(1, 3))]
                if dice.random() < 0.2:
                    self.ask_in_vain(cursor, dice, intent)
            self.file.append(intent)
            if intent["commits"]:
                outcome = UNKNOWN
                self.connection.commit()
                self.after_commit(calls)
                outcome = OK
            else:
                self.connection.rollback()
                outcome = ROLLED_BACK
        except Exception:  # whatever the servers do
            if self.connection is not None:
                self.connection.close()
            self.connection = None
        self.file.append({"tx": number, "outcome": outcome, "unsent": []})
        return outcome

    def note(self, intent, call, job, asked_ms):
        intent["jobs"].append({"id": job, "task": call["task"], "durable": self.durable, "rolled_back": False,
                               "asked_ms": asked_ms, "countdown_ms": call["countdown_ms"]})

    def ask_in_vain(self, cursor, dice, intent):
        pass

    def after_commit(self, calls):
        pass


class Psycopg2(Producer):
    def __init__(self, file, seed):
        super().__init__(file, seed)
        from aftercommit import task
        self.tasks = {name: task(name, queue=QUEUE) for name in ("ok", "fail_once")}

    def ask(self, dice, intent):
        call, asked_ms = self.draw(dice), now_ms()
        job = self.tasks[call["task"]].apply_async([call["slot"]], countdown=call["countdown_ms"] / 1000, using=self.connection)
        self.note(intent, call, job.id, asked_ms)

    def ask_in_vain(self, cursor, dice, intent):
        cursor.execute("SAVEPOINT in_vain")
        self.ask(dice, intent)
        cursor.execute("ROLLBACK TO in_vain")
        intent["jobs"][-1]["rolled_back"] = True


class Celery(Producer):
    durable = False

    def __init__(self, file, seed):
        super().__init__(file, seed)
        from celery_support import celery_app
        _, declare = celery_app(os.environ["REDIS_URL"].split()[0], QUEUE)
        self.tasks = {name: declare(name) for name in ("ok", "fail_once")}

    def ask(self, dice, intent):
        call = {**self.draw(dice), "id": str(uuid.uuid4())}
        self.note(intent, call, call["id"], now_ms())
        return call

    def after_commit(self, calls):
        for call in calls:
            self.tasks[call["task"]].apply_async([call["slot"]], countdown=call["countdown_ms"] / 1000, task_id=call["id"],
                                                 priority=0 if call["slot"] % 4 else 6)


def main(kind, path, seed, first, count, pause_ms="0"):
    producer = {"psycopg2": Psycopg2, "celery": Celery}[kind](Intents(path), seed)
    for number in range(int(first), int(first) + int(count)):
        if producer.produce(number) == ERROR:
            time.sleep(0.05)  # a server that is away answers at once: do not burn all transactions on it
        time.sleep(int(pause_ms) / 1000)


if __name__ == "__main__":
    main(*sys.argv[1:])
