"""Where a job is asked for: a database of Django's by its alias, or a connection of psycopg2 or psycopg 3."""
import os
from contextlib import contextmanager

from .errors import ConfigError, NoTransaction, UsageError

SCHEMA = "aftercommit"


class Place:
    """What runs our statements, in which schema, and by which alias workers know the database."""

    def __init__(self, schema, database):
        self.schema = schema
        self.database = database

    def function(self, name):
        """Of the schema, as SQL; per cent doubled, as it goes beside parameters."""
        quoted = '"' + self.schema.replace('"', '""').replace("%", "%%") + '"'
        return f"{quoted}.{name}"

    def require_transaction(self, what):
        """NoTransaction where there is none that the job could wait for."""

    @contextmanager
    def cursor(self):
        raise NotImplementedError


class ConnectionPlace(Place):
    """A connection that the application has."""

    def __init__(self, connection, schema, database):
        super().__init__(schema, database)
        self.connection = connection

    def require_transaction(self, what):
        info = getattr(self.connection, "info", None)
        status = getattr(info, "transaction_status", None)
        # IDLE is 0 in libpq; without autocommit the driver begins a transaction with our statement.
        if status == 0 and getattr(self.connection, "autocommit", False):
            raise NoTransaction(f"{what}: the connection is in autocommit and no transaction is open on it, so the job would "
                                "exist whatever becomes of the statements behind it; begin one first")

    @contextmanager
    def cursor(self):
        with self.connection.cursor(**_rows_as_tuples(self.connection)) as cursor:
            yield cursor


def _rows_as_tuples(connection):
    """Ours are, whatever rows the application has chosen for its own statements."""
    if hasattr(connection, "row_factory"):  # psycopg 3
        from psycopg.rows import tuple_row

        return {"row_factory": tuple_row}
    if hasattr(connection, "cursor_factory"):  # psycopg2
        from psycopg2.extensions import cursor

        return {"cursor_factory": cursor}
    return {}


class DjangoPlace(Place):
    """A database of Django's."""

    def __init__(self, alias):
        from django.conf import settings
        from django.db import DEFAULT_DB_ALIAS, connections

        self.connection = connections[alias]  # throws Django's own where there is none
        if self.connection.vendor != "postgresql":
            raise ConfigError(f"database '{alias}' is {self.connection.vendor}: jobs are rows of PostgreSQL")
        told = getattr(settings, "AFTERCOMMIT", {})
        by_default = None if alias == DEFAULT_DB_ALIAS else alias
        super().__init__(told.get("SCHEMA", SCHEMA), told.get("ALIASES", {}).get(alias, by_default))

    @contextmanager
    def cursor(self):
        with self.connection.cursor() as cursor:
            yield cursor


def on(connection, schema=SCHEMA, database=None):
    """For using=: a connection whose tables of jobs are in another schema, or which workers know by an alias."""
    return ConnectionPlace(connection, schema, database)


def find(using, what):
    """What `using` names; without a word Django's database whose transaction is open, else its default one."""
    if isinstance(using, Place):
        return using
    if using is not None and not isinstance(using, str):
        if hasattr(using, "settings_dict") and hasattr(using, "alias"):  # Django's own connection
            return DjangoPlace(using.alias)
        if not hasattr(using, "cursor"):
            raise UsageError(f"{what}: using= is neither an alias nor a connection but {using!r}")
        return ConnectionPlace(using, SCHEMA, None)
    if not _has_django():
        raise UsageError(f"{what}: Django is not set up, so say on which connection: task.using(connection).delay(...)")
    return DjangoPlace(using if using is not None else _open_alias(what))


def _has_django():
    try:
        from django.conf import settings
    except ImportError:
        return False
    return settings.configured or bool(os.environ.get("DJANGO_SETTINGS_MODULE"))


def _open_alias(what):
    from django.db import DEFAULT_DB_ALIAS, connections

    is_open = [alias for alias in connections
               if connections[alias].vendor == "postgresql" and connections[alias].in_atomic_block]
    if len(is_open) > 1:
        raise UsageError(f"{what}: transactions are open on the databases {', '.join(map(repr, is_open))}; say which one it "
                         "belongs to, by using=")
    return is_open[0] if is_open else DEFAULT_DB_ALIAS
