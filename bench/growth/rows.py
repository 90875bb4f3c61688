"""Rows in the tables of aftercommit, made by SQL as if jobs had left them there."""

import programs

BATCH = 1_000_000

# UUIDs of version 7, a millisecond apart, the last one an hour ago. {number} is the row's.
ID = """encode(overlay(overlay(decode(md5({number}::text), 'hex')
  PLACING substring(int8send((extract(epoch FROM now()) * 1000)::bigint - 3600000 - {last} + {number}) FROM 3) FROM 1)
  PLACING '\\x70'::bytea FROM 7), 'hex')::uuid"""

JOBS = """
INSERT INTO aftercommit.job (id, queue, due_at, envelope)
SELECT id, '{queue}', {due_at}, '{{"v":1,"id":"' || id || '","task":"insert","args":[' || number
  || ',"welcome"],"queue":"{queue}","enqueued_at":1700000000000,"durable":true}}'
FROM (SELECT number, {id} AS id FROM generate_series({first}, {end}) AS number) AS made;
"""
LEDGER = "INSERT INTO aftercommit.ledger (id) SELECT {id} FROM generate_series({first}, {end}) AS number;"
DEAD = """
INSERT INTO aftercommit.dead (id, queue, died_at, letter)
SELECT id, 'default', now() - ({last} - number) * interval '1 millisecond', '{{"v":1,"cause":"rejected","reason":"no such order","worker":"web-1/4711","at":1700000000123,'
  || '"entry":"1700000000000-0","job":{{"v":1,"id":"' || id || '","task":"insert","args":[' || number
  || ',"welcome"],"queue":"default","enqueued_at":1700000000000,"durable":true}}}}'
FROM (SELECT number, {id} AS id FROM generate_series({first}, {end}) AS number) AS made;
"""


def waiting(count: int, queue: str, delayed: bool) -> None:
    due_at = "now() + interval '1 hour'" if delayed else "null"
    make("job", JOBS, count, queue=queue, due_at=due_at)


def done(count: int) -> None:
    make("ledger", LEDGER, count)


def dead(count: int) -> None:
    make("dead", DEAD, count, last=count)


def make(table: str, statement: str, count: int, **words: str) -> None:
    made_id = ID.format(number="number", last=count)
    for first in range(1, count + 1, BATCH):
        end = min(first + BATCH - 1, count)
        programs.sql(statement.format(id=made_id, first=first, end=end, **words))
    programs.sql(f"VACUUM ANALYZE aftercommit.{table}; CHECKPOINT;")
