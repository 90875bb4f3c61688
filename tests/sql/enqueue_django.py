#!/usr/bin/python3
"""Enqueues from Django: one job that is committed, one that is rolled back, one whose inner block is.

usage: DATABASE_URL=... [SCHEMA=aftercommit] tests/sql/enqueue_django.py COMMITTED ROLLED_BACK SAVEPOINT
"""
import json
import os
import sys

import psycopg2.extensions
from django.conf import settings

DSN = psycopg2.extensions.parse_dsn(os.environ["DATABASE_URL"])
settings.configure(DATABASES={"default": {
    "ENGINE": "django.db.backends.postgresql",
    "NAME": DSN["dbname"], "USER": DSN["user"], "PASSWORD": DSN.get("password", ""),
    "HOST": DSN["host"], "PORT": DSN["port"],
    "OPTIONS": {"options": DSN.get("options", "")},
}})

from django.db import connection, transaction  # noqa: E402  (after the settings)

SCHEMA = os.environ.get("SCHEMA", "aftercommit")


class Deliberate(Exception):
    pass


def enqueue(task, *args):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {connection.ops.quote_name(SCHEMA)}.enqueue(%s, %s)", [task, json.dumps(args)])
        return cursor.fetchone()[0]


def order(number):
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO orders(id) VALUES (%s)", [number])
    enqueue("read_order", number)


def main(committed, rolled_back, savepoint):
    with transaction.atomic():
        order(committed)
        try:
            with transaction.atomic():
                enqueue("insert", savepoint)
                raise Deliberate
        except Deliberate:
            pass

    try:
        with transaction.atomic():
            order(rolled_back)
            raise Deliberate
    except Deliberate:
        pass
    print(f"Django: committed {committed}, rolled back {rolled_back} and inner block {savepoint}")


main(*map(int, sys.argv[1:4]))
