/* worker.pml: part of job.pml: how the job is run and settled. */

/* --- A worker, with one job at a time. */

inline die() {
  crashes++; alive[me] = false; working[me] = 0; n = 0; fetched = 0; noted = false;
  if
  :: lock == me -> lock = 0;  /* its session ends with it */
     printf("worker %d: killed; its transaction is rolled back\n", me)
  :: printf("worker %d: stops for ever\n", me)  /* stopped for ever, or its host is gone: nobody has told PostgreSQL */
  fi
}
#define MAY_DIE atomic { crashes < CRASHES -> die(); goto gone }

#define AT (working[me] - 1)

/* Redis has answered.  What was in hand is released after that: another thread may fetch in between. */
#if FALLBACKS > 0
#define RELEASE settled[me] = true; goto release
#elif PHANTOMS > 0
#define RELEASE goto release
#else
#define RELEASE working[me] = 0; n = 0; goto again
#endif

#define HANDED(i) if :: saved && handed[i] < 2 -> handed[i]++ :: else fi

proctype Worker(byte me) {
  byte n;        /* the attempt that is run or written */
  byte fetched;  /* that of the copy in hand, where a fetch may read it again */
gone:
end_gone:
  atomic {  /* the next process in its place, once the name of the last one is not needed any more */
    !alive[me] && !known[me] && lock != me && copy_holder[0] != me && copy_holder[1] != me && FIRST(me) ->
    alive[me] = true; known[me] = true
  };
again:
end_again:
  if
  :: atomic {
       copy[0] == READY && FIRST(me) -> copy[0] = HELD; HANDED(0); copy_holder[0] = me; working[me] = 1; n = copy_attempt[0];
       printf("worker %d: fetches the job, attempt %d\n", me, n)
     }
  :: atomic {
       copy[1] == READY && FIRST(me) -> copy[1] = HELD; HANDED(1); copy_holder[1] = me; working[me] = 2; n = copy_attempt[1];
       printf("worker %d: fetches the job, attempt %d\n", me, n)
     }
  :: atomic {
       copy_aged[0] == READ && copy_holder[0] == me -> copy_aged[0] = 0; working[me] = 1; n = copy_attempt[0];
       printf("worker %d: finds the job, attempt %d, in its own name\n", me, n)
     }
  :: atomic {
       copy_aged[1] == READ && copy_holder[1] == me -> copy_aged[1] = 0; working[me] = 2; n = copy_attempt[1];
       printf("worker %d: finds the job, attempt %d, in its own name\n", me, n)
     }
  :: atomic { FIRST(me) && crashes < CRASHES -> die(); goto gone }
  fi;

guard:
#if PHANTOMS > 0
  fetched = n;
#endif
  if
  :: MAY_DIE
#if CANCELS > 0
  :: atomic { HAS_HEARD -> printf("worker %d: knows that the job was cancelled\n", me); goto cancelled }
#endif
#if ASIDES > 0
  :: atomic { asides < ASIDES -> asides++; printf("worker %d: the database of the job is away\n", me); goto aside }
#endif
  :: atomic {  /* BEGIN, and the guard in the same message */
       true ->
#if defined(NO_GUARD)
       printf("worker %d: BEGIN, and runs\n", me); goto body
#elif defined(LEDGER)
#ifdef LEDGER_WAITS
       (lock == 0) ->  /* the INSERT waits for the other one */
#endif
       if
       :: !ledger && lock == 0 -> lock = me; printf("worker %d: BEGIN, and the guard lets it run\n", me); goto body
       :: else -> printf("worker %d: BEGIN, and the guard finds nothing to claim\n", me); goto not_ours
       fi
#elif defined(CHECK_THEN_ACT)
       if
       :: row == n -> printf("worker %d: BEGIN, and looks: the row is there\n", me); goto body
       :: else -> printf("worker %d: nothing to claim\n", me); goto not_ours
       fi
#else
       if
       :: row == n && lock == 0 -> lock = me; printf("worker %d: BEGIN, and the guard lets it run\n", me); goto body
       :: else ->  /* SKIP LOCKED */
          printf("worker %d: BEGIN, and the guard finds nothing to claim\n", me); goto not_ours
       fi
#endif
     }
  fi;

body:
#ifdef ACK_BEFORE_COMMIT
  atomic { if :: MINE(AT) -> forget_copy(AT); durable_id = false; printf("worker %d: acks\n", me) :: else fi };
#endif
  if
  :: MAY_DIE
  :: atomic {
       failures < FAILURES -> failures++;
       printf("worker %d: the task throws; ROLLBACK\n", me);
       if :: lock == me -> lock = 0 :: else fi;
       goto failed
     }
#if CANCELS > 0
  :: atomic {
       HAS_HEARD -> printf("worker %d: hears that the job was cancelled; ROLLBACK\n", me);
       if :: lock == me -> lock = 0 :: else fi;
       goto cancelled
     }
#endif
#if defined(NO_GUARD) || defined(CHECK_THEN_ACT)
  :: atomic { row = 0; printf("worker %d: COMMIT\n", me); EFFECT }
#else
  :: atomic { lock == me -> printf("worker %d: COMMIT\n", me); TAKE_EFFECT }
  :: atomic {
       lock == me && doubts < DOUBTS -> doubts++;
       printf("worker %d: COMMIT, and the answer is lost\n", me);
       TAKE_EFFECT; goto put_off
     }
  :: atomic {
       lock == me && doubts < DOUBTS -> doubts++; lock = ORPHAN;
       printf("worker %d: sends COMMIT and loses the connection\n", me);
       if :: orphan_commits = true :: true fi;  /* it has arrived, or not */
       goto put_off
     }
  :: atomic { lock != me -> printf("worker %d: cannot COMMIT: its session was ended\n", me); goto put_off }
#endif
  fi;

ack:
  if
  :: MAY_DIE
  :: atomic {
       true ->
       if
       :: MINE(AT) -> forget_copy(AT); durable_id = false; printf("worker %d: acks\n", me)
       :: else -> printf("worker %d: does not hold the job any more\n", me)
       fi;
       RELEASE
     }
  fi;

not_ours:
#ifdef LEDGER
  atomic {
    if
    :: ledger -> printf("worker %d: looks: the ledger has the job\n", me); goto ack
    :: else -> printf("worker %d: looks: another transaction has the job\n", me);
#ifndef LEDGER_HOLDER_UNKNOWN
       noted = HELD_BY_SILENT;
#endif
       goto put_off
    fi
  };
#else
  atomic {
    if
    :: row == 0 -> printf("worker %d: looks: the row is gone\n", me); goto ack
    :: row == n -> printf("worker %d: looks: another transaction has the row\n", me);
       noted = HELD_BY_SILENT; goto put_off
    :: else -> n = row; printf("worker %d: looks: the row is at attempt %d\n", me, n); goto retry
    fi
  };
#endif

put_off:
  atomic {
    if
    :: MINE(AT) -> delay(AT, PUT_OFF, n); printf("worker %d: puts the job off\n", me)
    :: else -> printf("worker %d: does not hold the job any more\n", me)
    fi;
    RELEASE
  };

#if ASIDES > 0
aside:
#ifdef ASIDE_IN_TWO_CALLS
  atomic {
    if
    :: MINE(AT) -> forget_copy(AT); printf("worker %d: acks what it puts aside\n", me)
    :: else -> RELEASE
    fi
  };
  if
  :: MAY_DIE
  :: atomic { true -> if :: copy[AT] == NONE -> copy[AT] = ASIDE; copy_attempt[AT] = n :: else fi; RELEASE }
  fi;
#else
  if
  :: MAY_DIE
  :: atomic {
       true ->
       if
       :: MINE(AT) -> put_aside(AT, n); printf("worker %d: puts the job aside\n", me)
       :: else -> printf("worker %d: does not hold the job any more\n", me)
       fi;
       RELEASE
     }
  fi;
#endif
#endif

#if CANCELS > 0
cancelled:
  if
  :: MAY_DIE
  :: atomic {
       true -> printf("worker %d: sees to it that the job does not run again\n", me);
       settle_request();
       if
       :: request == REQUESTED -> goto put_off  /* another one has it right now */
       :: request == CANCELLED -> goto ack
       :: request == TOO_LATE -> goto not_ours
       fi
     }
  fi;
#endif

failed:
#if CANCELS > 0
  if
  :: atomic { HAS_HEARD -> printf("worker %d: hears that the job was cancelled\n", me); goto cancelled }
  :: true
  fi;
#endif
#if defined(RETRY_BEFORE_RECORD) && !defined(LEDGER)
  /* The other way round: into Redis first, then into the row. */
  atomic {
    if
    :: n < LAST_ATTEMPT && MINE(AT) -> delay(AT, DELAYED, n + 1); printf("worker %d: puts the job back\n", me)
    :: else
    fi
  };
  if :: n < LAST_ATTEMPT && crashes < CRASHES -> atomic { die(); goto gone } :: true fi;
#endif
#ifdef LEDGER
  if
  :: n < LAST_ATTEMPT -> n++; goto retry
  :: else ->
     atomic {
       if :: MINE(AT) -> dead = true; forget_copy(AT); printf("worker %d: buries the job\n", me) :: else fi;
       RELEASE
     }
  fi;
#else
#ifdef ACK_BEFORE_BURY
  atomic {
    if
    :: n == LAST_ATTEMPT && MINE(AT) -> forget_copy(AT); durable_id = false; printf("worker %d: acks\n", me)
    :: else
    fi
  };
  if :: n == LAST_ATTEMPT && crashes < CRASHES -> atomic { die(); goto gone } :: true fi;
#endif
  if
#ifdef UNFENCED_RECORD
#define FENCED_RECORD (row > 0 && lock == 0)
#else
#define FENCED_RECORD (row == n && lock == 0)
#endif
#ifdef UNFENCED_BURY
#define FENCED_BURY true
#else
#define FENCED_BURY (row == n && lock == 0)
#endif
  :: atomic {
       n < LAST_ATTEMPT ->
       if
       :: FENCED_RECORD ->
          printf("worker %d: writes into the row that attempt %d has failed\n", me, n);
          REQUIRE(!counted[n], "VIOLATED: the failure of an attempt is counted twice\n");
          counted[n] = true; n++; row = n; row_revived = false;
          REQUIRE(row == 1 + counted[1] + counted[2], "VIOLATED: the row's attempt is not 1 + its failures\n");
          if
          :: true
          :: doubts < DOUBTS -> doubts++; n--; printf("    and the answer is lost\n"); goto put_off
          fi
       :: else -> printf("worker %d: the row is not at attempt %d, or locked\n", me, n); goto not_ours
       fi
     }
  :: atomic {
       n == LAST_ATTEMPT ->
       if
       :: FENCED_BURY ->
          row = 0; dead = true;
          printf("worker %d: moves the row to the dead ones\n", me);
          REQUIRE(effects == 0, "VIOLATED: a job is dead and has taken effect\n");
          if
          :: goto ack
          :: doubts < DOUBTS -> doubts++; printf("    and the answer is lost\n"); goto put_off
          fi
       :: else -> printf("worker %d: the row is not at attempt %d, or locked\n", me, n); goto not_ours
       fi
     }
  :: atomic { doubts < DOUBTS -> doubts++; goto put_off }  /* PostgreSQL is away: it is not counted */
  fi;
#endif

retry:
#ifdef RETRY_IN_TWO_CALLS
  atomic {
    if
    :: MINE(AT) -> forget_copy(AT); printf("worker %d: acks the failed attempt\n", me)
    :: else -> RELEASE
    fi
  };
  if
  :: MAY_DIE
  :: atomic {
       true ->
       if :: copy[AT] == NONE -> copy[AT] = DELAYED; copy_attempt[AT] = n :: else fi;
       RELEASE
     }
  fi
#else
  if
  :: MAY_DIE
  :: atomic {
       true ->
       if
       :: MINE(AT) -> delay(AT, DELAYED, n); printf("worker %d: puts the job back, attempt %d\n", me, n)
       :: else -> printf("worker %d: does not hold the job any more\n", me)
       fi;
       RELEASE
     }
  fi
#endif

#if FALLBACKS > 0 || PHANTOMS > 0
release:
  atomic {
    settled[me] = false; working[me] = 0; n = 0;
    if
    :: fetched = 0; goto again
#if PHANTOMS > 0
    :: phantoms < PHANTOMS ->
       phantoms++; working[me] = GONE; n = fetched;
       printf("worker %d: takes in hand what a fetch has read before it was settled: attempt %d\n", me, n); goto guard
#endif
    fi
  }
#endif
}
