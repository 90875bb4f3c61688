"""A task as it is declared in Python: its name and its options.  Its body is in C++."""
import json

from . import arguments, options, places
from .errors import UsageError, explained
from .results import AsyncResult


class Task:
    """Made by task(); never changes, so threads may share it."""

    def __init__(self, name, using=None, **defaults):
        options.check_names(name, defaults)
        self.name = name
        self._using = using
        self._defaults = defaults

    def __repr__(self):
        return f"<task {self.name}>"

    def using(self, database):
        """The same task on a database of Django's, by its alias, or on a connection of psycopg2 or psycopg 3."""
        return self._copy(database, self._defaults)

    def set(self, **defaults):
        """The same task with other options: send_receipt.set(queue="slow").delay(42).  As Celery's, but a task."""
        options.check_names(self.name, defaults)
        return self._copy(self._using, {**self._defaults, **defaults})

    def delay(self, *args):
        """Asks for one run, in the transaction that is open: the job exists if, and only if, that commits.

        In Django without one it is asked for at once, in a transaction of its own.  Gives back what knows the job's id.
        Throws EncodeError, UsageError, ConfigError, and what the driver does.
        """
        return self.apply_async(args)

    def apply_async(self, args=(), kwargs=None, using=None, **given):
        """The same with options for this job, by the names of Celery: countdown and expires in seconds or as a timedelta, eta
        and expires as an aware datetime, queue, priority (0 to 3, or "critical", "high", "normal", "low"), headers, task_id;
        and max_retries, database, traceparent, limit_key, and those of unique jobs.  What is None is as the task says.
        """
        if kwargs:
            raise TypeError(f"task '{self.name}' takes its arguments by position: in C++ they have no names")
        return self._ask("args => CAST(%s AS text)", "", [arguments.encode(self.name, args)], using, given)[0]

    def delay_many(self, calls):
        """One job for each tuple of arguments, by one statement; their ids in that order."""
        return self.apply_async_many(calls)

    def apply_async_many(self, calls, using=None, **given):
        """The same with options for all of them."""
        encoded = [arguments.encode(self.name, call) for call in calls]
        if given.get("task_id") is not None:
            raise UsageError(f"cannot enqueue many jobs of task '{self.name}' with one task_id")
        if not encoded:
            return []
        source = " FROM pg_catalog.json_array_elements_text(CAST(%s AS json)) AS call (args)"  # in their order
        return self._ask("args => call.args", source, [json.dumps(encoded)], using, given)

    def _copy(self, using, defaults):
        copy = object.__new__(type(self))
        copy.name, copy._using, copy._defaults = self.name, using, defaults
        return copy

    def _ask(self, args_place, source, args_values, using, given):
        what = f"cannot enqueue task '{self.name}'"
        options.check_names(self.name, given)
        place = places.find(using if using is not None else self._using, what)
        place.require_transaction(what)
        wanted = {**self._defaults, **{name: value for name, value in given.items() if value is not None}}
        if "countdown" in given or "eta" in given:  # of the call, in place of whichever the task has
            for name in ("countdown", "eta"):
                wanted[name] = given.get(name)
        if wanted.get("database") is None:
            wanted["database"] = place.database
        named, values = options.in_sql(self.name, wanted)
        is_unique = not options.UNIQUE.isdisjoint(name for name, value in wanted.items() if value is not None)
        own = "current_setting('aftercommit.own', true)" if is_unique else "NULL"
        call = ", ".join(["task => CAST(%s AS text)", args_place, *named])
        statement = f"SELECT {place.function('enqueue')}({call}), {own}{source}"
        ordered = [self.name, *([] if source else args_values), *values, *(args_values if source else [])]
        with explained(what, place.schema), place.cursor() as cursor:
            cursor.execute(statement, ordered)
            rows = cursor.fetchall()
        return [AsyncResult(id, place, own=None if own is None else own == "on") for id, own in rows]


def task(name, using=None, **defaults):
    """Declares a task that workers know by this name.  `queue` has to be given where it is not "default": the one that the task
    has in C++ is known there alone.  Any option of Task.apply_async may be given, for all jobs of it; `using` is an alias of
    Django's, or a connection.
    """
    return Task(name, using=using, **defaults)
