"""Arguments of a job as JSON."""
import datetime
import decimal
import json
import uuid

from .errors import EncodeError


def _plain(value):
    """What JSON has no form of its own for, as Celery's serializer writes it: all of them as texts."""
    if isinstance(value, (uuid.UUID, decimal.Decimal)):
        return str(value)
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    if type(value).__module__.startswith("django.utils.functional"):  # a text that is translated when it is looked at
        return str(value)
    raise TypeError(f"a value of type {type(value).__name__} has no form in JSON")


def encode(task, args):
    """The text of a JSON array, in ASCII, so that no encoding of a database lacks a character of it.

    Whole numbers are written to the last digit, floats so that they are read back as the same; tuples are arrays.  Throws
    EncodeError, which names the task, for NaN and infinity, for keys that are no texts and for types without a form.
    """
    try:
        for value in args:
            _check_keys(value)
        return json.dumps(list(args), allow_nan=False, default=_plain, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise EncodeError(f"cannot enqueue task '{task}': an argument cannot be sent as JSON: {error}") from error


def _check_keys(value):
    """json would make texts of numbers and None, two of which may then be one."""
    if isinstance(value, dict):
        for key, each in value.items():
            if not isinstance(key, str):
                raise TypeError(f"the key {key!r} of an object is no text")
            _check_keys(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            _check_keys(each)
