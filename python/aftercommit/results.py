"""What has become of a job, by the names of Celery's AsyncResult."""
import json

from . import places
from .errors import Error, JobCancelled, JobFailed, TimeoutError, UsageError, ValueExpired, explained
from .options import _interval

# As Celery calls them, where it has a word.
_STATES = {"pending": "PENDING", "done": "SUCCESS", "failed": "FAILURE", "cancelled": "REVOKED", "expired": "EXPIRED",
           "unknown": "UNKNOWN"}
_ENDED = {"SUCCESS", "FAILURE", "REVOKED", "EXPIRED"}


class AsyncResult:
    """A job by its id; each look is a query in the transaction that is open then."""

    def __init__(self, id, using=None, own=None):  # noqa: A002  (as Celery's)
        self.id = str(id)
        self.own = own  #: of a unique job: whether this call has made it; else None
        self._using = using

    task_id = property(lambda self: self.id)

    def __str__(self):
        return self.id

    def __repr__(self):
        return f"<AsyncResult {self.id}>"

    def __eq__(self, other):
        return isinstance(other, AsyncResult) and self.id == other.id

    def __hash__(self):
        return hash(self.id)

    @property
    def state(self):
        """PENDING: not in effect yet, running included; SUCCESS; FAILURE; REVOKED; EXPIRED: in effect, and its value not kept;
        UNKNOWN: the database has nothing of it, as it was never committed, or is long done, or returns nothing."""
        return self._look()[0]

    status = state

    def ready(self):
        return self.state in _ENDED

    def successful(self):
        return self.state == "SUCCESS"

    def failed(self):
        return self.state == "FAILURE"

    def get(self, timeout=10):
        """What the task has returned, once it has: waits up to so many seconds, an hour at most, in the session, which has to
        be outside of the transaction that asked.  Throws JobFailed, JobCancelled, ValueExpired or TimeoutError."""
        state, value, error = self._look(timeout)
        if state == "SUCCESS":
            return value
        if state == "FAILURE":
            raise JobFailed(error)
        if state == "REVOKED":
            raise JobCancelled(f"job {self.id} was cancelled")
        if state == "EXPIRED":
            raise ValueExpired(f"job {self.id} has taken effect, and its value is not kept")
        raise TimeoutError(f"job {self.id} has not ended within {timeout} s: it is {state}")

    def revoke(self, note=None):
        """Cancels it in the transaction that is open: if, and only if, that commits.  Answers where it stood: waiting, delayed,
        running (it is asked to stop), dead, done, cancelled or unknown."""
        what = f"cannot cancel job {self.id}"
        place = places.find(self._using, what)
        with explained(what, place.schema), place.cursor() as cursor:
            cursor.execute(f"SELECT {place.function('cancel')}(CAST(%s AS uuid), CAST(%s AS text))", [self.id, note])
            return cursor.fetchone()[0]

    def _look(self, timeout=None):
        what = f"cannot look for job {self.id}"
        place = places.find(self._using, what)
        call, values = f"{place.function('result')}(CAST(%s AS uuid))", [self.id]
        if timeout is not None:
            self._require_outside(place)
            call, values = f"{place.function('wait')}(CAST(%s AS uuid), CAST(%s AS interval))", [self.id, _interval(timeout)]
        with explained(what, place.schema), place.cursor() as cursor:
            cursor.execute(f"SELECT state, CAST(value AS text), error FROM {call}", values)
            state, value, error = cursor.fetchone()
        if state not in _STATES:
            raise Error(f"{what}: the database calls its state '{state}', which this release does not know")
        return _STATES[state], None if value is None else json.loads(value), error

    def _require_outside(self, place):
        connection = getattr(place, "connection", None)
        if getattr(connection, "in_atomic_block", False):
            raise UsageError(f"cannot wait for job {self.id} in an atomic block: what is asked for there runs after its commit")
