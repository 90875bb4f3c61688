#!/usr/bin/python3
"""Enqueues from psycopg2: one job that is committed, one that is rolled back, one whose savepoint is.

usage: DATABASE_URL=... [SCHEMA=aftercommit] tests/sql/enqueue_psycopg2.py COMMITTED ROLLED_BACK SAVEPOINT
"""
import os
import sys

import psycopg2
from psycopg2.extras import Json
from psycopg2.sql import SQL, Identifier

ENQUEUE = SQL("SELECT {}.enqueue(%s, %s)").format(Identifier(os.environ.get("SCHEMA", "aftercommit")))


def order(cursor, number):
    cursor.execute("INSERT INTO orders(id) VALUES (%s)", [number])
    cursor.execute(ENQUEUE, ["read_order", Json([number])])


def main(committed, rolled_back, savepoint):
    connection = psycopg2.connect(os.environ["DATABASE_URL"])
    with connection, connection.cursor() as cursor:  # commits on leaving
        order(cursor, committed)
        cursor.execute("SAVEPOINT attempt")
        cursor.execute(ENQUEUE, ["insert", Json([savepoint])])
        cursor.execute("ROLLBACK TO attempt")

    with connection.cursor() as cursor:
        order(cursor, rolled_back)
    connection.rollback()
    connection.close()
    print(f"psycopg2: committed {committed}, rolled back {rolled_back} and savepoint {savepoint}")


main(*map(int, sys.argv[1:4]))
