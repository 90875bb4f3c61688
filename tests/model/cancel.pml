/* cancel.pml: part of job.pml: somebody cancels the job, in a transaction that may be rolled back.
 *
 * Who holds the job's row decides: the caller, until it ends, and then the job never runs; or a worker, and then a
 * request is left, which stands until the job has ended in one way or the other.
 */

#if CANCELS > 0

mtype = { NEVER_ASKED, REQUESTED, CANCELLED, TOO_LATE };
mtype request = NEVER_ASKED;  /* as committed */
#define IS_CANCELLED (request == CANCELLED)
#define IF_NOT_CANCELLED REQUIRE(!IS_CANCELLED, "VIOLATED: a job that was cancelled takes effect\n")
#define IF_NOT_DONE REQUIRE(effects == 0, "VIOLATED: a job that was cancelled takes effect\n")

#ifdef CANCELS_IN_REDIS_ALONE
#define HAS_HEARD false
#else
#define HAS_HEARD (request != NEVER_ASKED)  /* it may have: this is never the only way */
#endif

/* By the transaction of a worker that looks: what runs no more does not run again. */
inline settle_request() {
  if
#ifdef STOPPED_AND_KEPT
  :: request == REQUESTED -> request = CANCELLED
#elif defined(LEDGER)
  :: request == REQUESTED && lock == 0 && !ledger -> ledger = true; request = CANCELLED; IF_NOT_DONE
  :: request == REQUESTED && lock == 0 && ledger -> request = TOO_LATE
#else
  :: request == REQUESTED && row > 0 && lock == 0 -> row = 0; row_revived = false; request = CANCELLED; IF_NOT_DONE
#ifndef DEAD_IS_TOO_LATE
  :: request == REQUESTED && row == 0 && dead -> dead = false; request = CANCELLED; IF_NOT_DONE
  :: request == REQUESTED && row == 0 && !dead -> request = TOO_LATE
#else
  :: request == REQUESTED && row == 0 -> request = TOO_LATE
#endif
#endif
  :: else  /* it runs, or there is no request */
  fi;
  REQUIRE(request != TOO_LATE || effects == 1, "VIOLATED: a job that has had no effect is said to be done\n")
}

#ifdef LEDGER
#define MAY_SETTLE (lock == 0)
#else
#define MAY_SETTLE (lock == 0 || row == 0)
#endif

/* Of any worker, at its heartbeat. */
active proctype CancelWatch() {
end:
  atomic {
    request == REQUESTED && MAY_SETTLE && (alive[1] || alive[2]) ->
    printf("a worker: looks what was cancelled\n");
    settle_request()
  }
  goto end
}

#ifdef CANCELS_IN_REDIS_ALONE

active proctype Canceller() {
  byte cancels;
end:
  atomic {
    committed && cancels < CANCELS && effects == 0 && !dead && copy[0] != HELD && copy[1] != HELD -> cancels++;
    forget_copy(0); forget_copy(1);
    request = CANCELLED;
    printf("canceller: takes the job from Redis; it will not run\n")
  }
}

#else

active proctype Canceller() {
  byte cancels;
  bool runs;  /* so it is answered, else: it will not run */
end:
  atomic {
    committed && cancels < CANCELS && request == NEVER_ASKED -> cancels++;
    if
#ifdef LEDGER
    :: lock == 0 && !ledger -> lock = CANCELLER; printf("canceller: nobody has the job; it will not run\n")
    :: lock == 0 && ledger -> printf("canceller: the job is done\n"); goto end
#elif defined(LOOKS_WITHOUT_A_LOCK)
    :: row > 0 && lock == 0 -> printf("canceller: nobody has the row; the job will not run\n")
    :: row == 0 -> printf("canceller: there is no row\n"); goto end
#else
    :: row > 0 && lock == 0 -> lock = CANCELLER; printf("canceller: nobody has the row; the job will not run\n")
    :: row == 0 -> printf("canceller: the job is done, or dead\n"); goto end
#endif
    :: else -> runs = true; printf("canceller: the job runs\n")
    fi
  };
  if
  :: atomic {
       (!runs) -> printf("canceller: COMMIT\n");
#ifdef LEDGER
       ledger = true;
#else
#ifdef LOOKS_WITHOUT_A_LOCK
       (lock == 0);  /* the DELETE waits for who has the row */
#endif
       row = 0; row_revived = false;
#endif
       lock = 0; request = CANCELLED; IF_NOT_DONE
     }
  :: atomic { runs -> runs = false; request = REQUESTED; printf("canceller: COMMIT of the request\n") }
  :: atomic {
       true -> printf("canceller: ROLLBACK\n"); runs = false;
       if :: lock == CANCELLER -> lock = 0 :: else fi
     }
  fi;
  goto end
}

#endif

#else
#define IS_CANCELLED false
#define IF_NOT_CANCELLED
#endif
