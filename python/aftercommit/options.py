"""The options of a call, by the names of Celery where that has them, as parameters of the function aftercommit.enqueue."""
import datetime
import json
import numbers
import uuid

from .errors import UsageError

PRIORITIES = {"critical": 0, "high": 1, "normal": 2, "low": 3}

# What each option is in SQL; those that are left out are as the function has them.
_TYPES = {
    "queue": "text", "countdown": "interval", "eta": "timestamptz", "max_retries": "int", "expires": "interval",
    "database": "text", "task_id": "uuid", "priority": "int", "headers": "jsonb", "traceparent": "text", "unique_key": "text",
    "unique_until": "text", "unique_for": "interval", "on_duplicate": "text", "longest_delay": "interval", "limit_key": "text",
}
_NAMES = {"task_id": "id"}
NAMES = frozenset(_TYPES)
UNIQUE = frozenset({"unique_key", "unique_until", "unique_for", "on_duplicate", "longest_delay"})

# What Celery has and this has not, with what to do instead.
_ELSEWHERE = {
    "link": "ask for the next job within the task: it is part of its transaction",
    "link_error": "give the task an on_failure hook in C++",
    "retry": "nothing is sent to a broker that could fail: the job is a row of the transaction",
    "retry_policy": "nothing is sent to a broker that could fail: the job is a row of the transaction",
    "connection": "give the database by using=",
    "producer": "give the database by using=",
    "serializer": "arguments are JSON",
    "compression": "arguments are JSON",
    "routing_key": "give the queue by queue=",
    "exchange": "give the queue by queue=",
    "ignore_result": "a value is kept only where the task in C++ returns one",
    "time_limit": "time limits are options of the task in C++, or of its worker",
    "soft_time_limit": "time limits are options of the task in C++, or of its worker",
    "shadow": "a job has the name of its task",
    "group_id": "there are no groups",
    "root_id": "give the trace by traceparent=",
    "parent_id": "give the trace by traceparent=",
}


def check_names(task, options):
    """TypeError, as Python's own for a keyword that a function does not take, with what to do."""
    for name in options:
        if name not in NAMES:
            hint = f": {_ELSEWHERE[name]}" if name in _ELSEWHERE else f"; it has {', '.join(sorted(NAMES))} and using"
            raise TypeError(f"task '{task}' has no option '{name}'{hint}")


def in_sql(task, options):
    """The named parameters of a call, as SQL with a %s for each, and their values.  Those that are None are left out."""
    places, values = [], []
    for name, value in options.items():
        if value is None:
            continue
        try:
            value = _text_of(name, value)
        except (TypeError, ValueError, OverflowError) as error:
            raise UsageError(f"cannot enqueue task '{task}': {name} {error}") from error
        places.append(f"{_NAMES.get(name, name)} => CAST(%s AS {_TYPES[name]})")
        values.append(value)
    return places, values


def _text_of(name, value):
    kind = _TYPES[name]
    if name == "expires" and isinstance(value, datetime.datetime):
        value = max(_aware(value) - datetime.datetime.now(datetime.timezone.utc), datetime.timedelta(0))
    if kind == "interval":
        return _interval(value)
    if kind == "timestamptz":
        if not isinstance(value, datetime.datetime):
            raise TypeError(f"is no datetime but {value!r}")
        return _aware(value).isoformat()
    if name == "priority" and isinstance(value, str):
        if value not in PRIORITIES:
            raise ValueError(f"{value!r} is none of {', '.join(PRIORITIES)}")
        return str(PRIORITIES[value])
    if kind == "int":
        if isinstance(value, bool) or not isinstance(value, numbers.Integral):
            raise TypeError(f"is no whole number but {value!r}")
        return str(int(value))
    if kind == "uuid":
        return str(value if isinstance(value, uuid.UUID) else uuid.UUID(str(value)))
    if kind == "jsonb":
        return json.dumps(dict(value), allow_nan=False)
    if not isinstance(value, str):
        raise TypeError(f"is no text but {value!r}")
    return value


def _interval(value):
    """Seconds, as Celery counts, or a timedelta; to the microsecond."""
    if not isinstance(value, datetime.timedelta):
        if isinstance(value, bool) or not isinstance(value, numbers.Real):
            raise TypeError(f"is neither seconds nor a timedelta but {value!r}")
        value = datetime.timedelta(seconds=float(value))
    return f"{value // datetime.timedelta(microseconds=1)} microseconds"


def _aware(value):
    if value.tzinfo is None or value.utcoffset() is None:
        raise ValueError(f"{value} has no time zone: make it aware, as by django.utils.timezone.now()")
    return value
