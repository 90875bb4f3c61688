/* relay.pml: part of job.pml: how the job gets to Redis. */

/* --- The producer, and another one whose transaction may begin later and end sooner. */

active proctype Producer() {
  atomic { xids++; job_xid = xids; job_running = true; printf("producer: begins transaction %d\n", xids) }
  if
  :: atomic {
       committed = true;
       printf("producer: COMMIT\n");
#ifndef ON_COMMIT
       row = 1;
#endif
       job_running = false;
       if :: snapshot_max <= job_xid -> snapshot_max = job_xid + 1 :: else fi
     }
#if !defined(DELETE_BEFORE_PUSH) && !defined(DELETE_AFTER_PUSH)
     if
#ifdef PUSH_IN_TWO_CALLS
     :: atomic { !durable_id -> durable_id = true; printf("producer: adds the job's id to the set\n") };
        if
        :: atomic { add_copy(1); printf("producer: adds the job\n") }
        :: printf("producer: dies\n")
        fi
#else
     :: atomic { printf("producer: pushes the job to Redis\n"); push(1); NOTE_SENT }
#endif
     :: printf("producer: does not push\n")  /* it died, its commit was in doubt, or Redis was away */
     fi
#endif
  :: atomic {  /* rolled back, by itself or because it died */
       job_running = false;
       printf("producer: ROLLBACK\n");
       if :: snapshot_max <= job_xid -> snapshot_max = job_xid + 1 :: else fi
     }
  fi
}

#ifndef ON_COMMIT
active proctype OtherProducer() {
#if RERUNS > 0
end:
  do
  :: atomic {
       other_xid == 0 -> xids++; other_xid = xids;
#else
  atomic {
    xids++; other_xid = xids;
#endif
    printf("another producer: commits transaction %d\n", xids);
    if :: snapshot_max <= other_xid -> snapshot_max = other_xid + 1 :: else fi
  }
#if RERUNS > 0
  od
#endif
}
#endif

/* --- The relay. */

#define SNAPSHOT_XIP (job_running && job_xid < snapshot_max)
#define FRESH(max, xip) (row > 0 && (job_xid >= max || xip))
#if defined(DELETE_BEFORE_PUSH) || defined(DELETE_AFTER_PUSH)
#define SWEEP_DUE (row > 0)  /* such a relay polls for rows and needs no cursor */
#define CURSOR_UNCHECKED
#undef FRESH
#define FRESH(max, xip) (row > 0)
#elif defined(CURSOR_BY_HIGHEST_XID)
#define SWEEP_DUE (cursor_token == 0 || FRESH(cursor_max, false) || (other_xid > 0 && other_xid >= cursor_max))
#else
#define SWEEP_DUE (cursor_token == 0 || cursor_max != snapshot_max || cursor_xip != SNAPSHOT_XIP)
#endif

#ifdef CURSOR_UNCHECKED
#define CURSOR_EXPECTED true
#else
#ifdef CURSOR_WITHOUT_TOKEN
#define CURSOR_EXPECTED (cursor_token > 0 && cursor_max == max && cursor_xip == xip)
#else
#define CURSOR_EXPECTED (cursor_token == token && cursor_max == max && cursor_xip == xip)
#endif
#endif

#ifdef TRUSTS_EARLIER_ANSWER
#define CONNECTED true
#else
#define CONNECTED (!asked || restarts == fallbacks)  /* over the connection that has answered: a restart ends it */
#endif

#if RERUNS > 0 && !defined(SOURCE_REMEMBERED)
#define SAME_RUN (its_run == reruns)  /* every answer of PostgreSQL says of which it is */
#else
#define SAME_RUN true
#endif

#ifdef RELAY_NEVER_DIES  /* for the search for endless runs */
#define MAY_GIVE_UP false
#else
#define MAY_GIVE_UP true
#endif
#define GIVE_UP atomic { MAY_GIVE_UP -> printf("relay %d: dies, or loses a connection\n", _pid - 1); goto again }

/* Two relays that wait are alike: then it is the first that begins. */
#if RELAYS > 1
#define MAY_BEGIN (_pid == 2 || first_relay_at_work)
#define NOTE_WORK(is) if :: _pid == 2 -> first_relay_at_work = is :: else fi
#else
#define MAY_BEGIN true
#define NOTE_WORK(is)
#endif

#ifndef ON_COMMIT
active [RELAYS] proctype Relay() {
  byte token, max, next_max, n;  /* n: the attempt of the row to push */
  bool xip, next_xip, fresh, there, asked;
  bool revived;  /* as the page was read */
  byte restarts;
#if RERUNS > 0
  byte its_run;
#endif
again:
  atomic {
#if RERUNS > 0
    its_run = 0;
#endif
    token = 0; max = 0; next_max = 0; n = 0; restarts = 0;
    xip = false; next_xip = false; fresh = false; there = false; asked = false; revived = false;
    NOTE_WORK(false)
  };
end:
  atomic {
    SWEEP_DUE && MAY_BEGIN -> token = cursor_token; max = cursor_max; xip = cursor_xip;
    NOTE_WORK(true);
#if RERUNS > 0
    its_run = reruns;
#endif
    printf("relay %d: reads the cursor\n", _pid - 1);
    if :: token > 0 -> goto page :: else fi
  };
  atomic {
    if
    :: cursor_token == 0 && SAME_RUN ->
       tokens++; cursor_token = tokens; cursor_max = 1; cursor_xip = false;
       token = tokens; max = 1;
       printf("relay %d: there is none; starts a new one\n", _pid - 1)
    :: else -> goto again
    fi
  };
page:
  if
  :: GIVE_UP
  :: atomic {  /* one page, and the snapshot it was read in */
       true ->
       if :: !SAME_RUN -> printf("relay %d: reads another server\n", _pid - 1); goto again :: else fi;
       fresh = FRESH(max, xip);
#ifdef CURSOR_BY_HIGHEST_XID
       fresh = FRESH(max, false);
       next_max = max;
       if :: other_xid > 0 && other_xid >= next_max -> next_max = other_xid + 1 :: else fi;
       if :: fresh && job_xid >= next_max -> next_max = job_xid + 1 :: else fi;
#else
       next_max = snapshot_max;
       next_xip = SNAPSHOT_XIP;
#endif
#ifndef PASSES_THE_REVIVED
       revived = fresh && row_revived;
#endif
       printf("relay %d: reads the table: %d new row of this job\n", _pid - 1, fresh);
       if :: !fresh -> goto move :: else -> fresh = false fi
     }
  fi;
#ifndef PUSH_WITHOUT_SET
  atomic {
    there = durable_id;
#if FALLBACKS > 0
    asked = true; restarts = fallbacks;
#endif
    printf("relay %d: asks whether Redis has the job: %d\n", _pid - 1, there);
    if :: there && !revived -> there = false; goto move :: else -> revived = false fi
  };
#endif
  atomic {
    if :: !SAME_RUN -> printf("relay %d: loads of another server\n", _pid - 1); goto again :: else fi;
    n = row;
#ifdef DELETE_BEFORE_PUSH
    row = 0;
    printf("relay %d: deletes the row\n", _pid - 1);
#endif
    printf("relay %d: loads the row: attempt %d\n", _pid - 1, n)
  };
move:
  if
  :: GIVE_UP
  :: atomic {
       true ->
       if
       :: !SAME_RUN ->  /* it may move a cursor that nobody will read */
          if :: n > 0 -> printf("relay %d: pushes the job\n", _pid - 1); push(n) :: true fi;
          goto again
       :: SAME_RUN && !CONNECTED -> printf("relay %d: has lost the connection\n", _pid - 1); goto again
       :: SAME_RUN && CONNECTED && CURSOR_EXPECTED ->
          printf("relay %d: moves the cursor\n", _pid - 1);
          if :: n > 0 -> printf("    and pushes the job with it\n"); bring(n, there) :: else fi;
          cursor_token = token; cursor_max = next_max; cursor_xip = next_xip
       :: else -> printf("relay %d: the cursor is another one\n", _pid - 1); goto again
       fi;
#ifndef DELETE_AFTER_PUSH
       goto again
#endif
     }
  fi;
#ifdef DELETE_AFTER_PUSH
  if
  :: GIVE_UP
  :: atomic { true -> if :: n > 0 -> row = 0; printf("relay %d: deletes the row\n", _pid - 1) :: else fi; goto again }
  fi
#endif
}
#endif
