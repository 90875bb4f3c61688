"""What is thrown besides the errors of the database driver, and which of those mean something here."""
from contextlib import contextmanager


class Error(Exception):
    """The root of all below: a sentence that says what was attempted, what stood in the way, and what to do."""


class UsageError(Error, ValueError):
    """The call is wrong where it stands."""


class EncodeError(UsageError, TypeError):
    """An argument cannot be sent as JSON.  Of the name that Celery's has."""


class NoTransaction(UsageError):
    """The connection is in autocommit: the job would exist whatever becomes of the statements behind it."""


class ConfigError(Error):
    """The tables of jobs are missing or too old, or the role may not write to them."""


class JobFailed(Error):
    """The job is dead; the sentence is its last word."""


class JobCancelled(Error):
    """The job was cancelled, and will not run.  Celery's TaskRevokedError."""


class ValueExpired(Error):
    """The job has taken effect, and its value is not kept, or not any more."""


class TimeoutError(Error):  # noqa: A001  (as Celery's)
    """The job had not ended when the time was over."""


_TOO_OLD = {"3F000", "42P01", "42883", "42703"}


def sqlstate_of(error):
    """Of an error of psycopg2, psycopg 3, or Django's around one of theirs; None if it has none."""
    while error is not None:
        state = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
        if state:
            return state
        error = error.__cause__
    return None


def _said_by(error):
    """The server's sentence and its hint, without the statement."""
    while error.__cause__ is not None and not getattr(error, "diag", None):
        error = error.__cause__
    diag = getattr(error, "diag", None)
    message = getattr(diag, "message_primary", None) or str(error).split("\n")[0]
    hint = getattr(diag, "message_hint", None)
    return message, hint


@contextmanager
def explained(what, schema):
    """Within it, what PostgreSQL says of a statement of ours is thrown as an error of ours, where there is one for it.

    `what`: "cannot enqueue task 'x'", for sentences that the server does not begin so itself.
    """
    try:
        yield
    except Exception as error:
        state = sqlstate_of(error)
        if state is None:
            raise
        message, hint = _said_by(error)
        if state[:2] == "22":  # a value: most of them the function has found, and says so in a sentence
            sentence = message if message.startswith("cannot ") else f"{what}: {message}"
            raise UsageError(f"{sentence}. {hint}" if hint else sentence) from error
        if state in _TOO_OLD:
            option = "" if schema == "aftercommit" else f" --schema {schema}"
            raise ConfigError(f"{what}: {message}; the tables of jobs in the schema '{schema}' are missing, or older than this "
                              f"call needs: run `aftercommit migrate{option}` on this database") from error
        if state == "42501":
            raise ConfigError(f"{what}: {message}; {hint or 'GRANT its role what docs/guide/database.md says'}") from error
        raise
