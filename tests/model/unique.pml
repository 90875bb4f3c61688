/* unique.pml: requests for one unique key (client/sql/functions/claim_unique.sql), each in a transaction that may be rolled
 * back, while workers run what there is.  That a row is brought to a worker, again and again, is shown by job.pml.
 *
 * The row of the job is the truth, and the lock on it tells whether it runs; the mark only names it.
 */

#define ASKERS 3  /* the job that asker n may make is number n */
#define WORKERS 2
#ifndef CRASHES   /* an attempt ends without effect: its worker dies, or the task throws */
#define CRASHES 1
#endif

#define REQUIRE(condition, words) if :: !(condition) -> printf(words); assert(false) :: else fi
#define TWO_AT_ONCE "VIOLATED: two jobs of one key are run at once\n"
#define UNSEEN "VIOLATED: a job that waited begins before who asked for it has committed\n"
#define WAS_DONE "VIOLATED: a request is answered with a job that was done before\n"
#define WAS_REPLACED "VIOLATED: a request is answered with a job that was replaced\n"
#define LOST "VIOLATED: a request is lost, or waits for ever\n"

mtype = { NONE, WRITTEN, THERE };
mtype row[4] = NONE;     /* WRITTEN: not committed */
byte taken[4];           /* who has locked it to delete it: an asker, or ASKERS + a worker */
byte shared[4];          /* which askers hold it back, as bits */
byte mark_id, mark_next; /* as committed; 0: none */
byte mark_by;            /* the asker that has it locked, */
bool mark_new;           /* has just inserted it, */
byte its_id, its_next;   /* and what it has written there */

/* For the properties alone. */
byte done, replaced;     /* jobs, as bits */
byte waits_for[4];       /* the job that an asker with an open transaction was answered with, if that waited */
byte running, ended, crashes;

#define BIT(n) (1 << (n))
#define FREE_ROW(j) (row[j] == THERE && taken[j] == 0)
#ifdef RELEASED_BY_A_CALL  /* the mark itself holds the key, until the worker takes it away behind its COMMIT */
#define HELD(j) (j != 0)
#else
#define HELD(j) (row[j] == THERE)
#endif
#ifdef NOT_HELD_BACK
#define HOLD_BACK(j)
#else
#define HOLD_BACK(j) shared[j] = shared[j] | BIT(me)
#endif
#define HELD_BACK_BY_OTHERS(j) (j != 0 && (shared[j] & (255 - BIT(me))) != 0)

mtype = { SKIP, ONCE_MORE, REPLACE };

inline answer(j, it_waits) {
  printf("asker %d: is answered with job %d\n", me, j);
  REQUIRE((done_before & BIT(j)) == 0, WAS_DONE);
  REQUIRE((replaced & BIT(j)) == 0, WAS_REPLACED);
  winner = j;
  if :: it_waits -> waits_for[me] = j :: else fi
}

inline end_row(j, way) {
  if
  :: taken[j] == me -> taken[j] = 0; if :: way == NONE -> row[j] = NONE; replaced = replaced | BIT(j) :: else fi
  :: else
  fi;
  shared[j] = shared[j] & (255 - BIT(me))
}

proctype Asker(byte me) {
  mtype how;
  byte m, winner, done_before;
  bool waiting, runs, behind;
  atomic {
    if :: how = SKIP :: how = ONCE_MORE :: how = REPLACE fi;
    done_before = done;
    printf("asker %d: BEGIN, %e\n", me, how)
  };
#ifdef LOOKS_THEN_INSERTS
  atomic { if :: mark_id != 0 -> m = mark_id :: else -> goto make fi };
#else
  atomic {  /* INSERT ... ON CONFLICT DO NOTHING waits for one that is not committed */
    !mark_new ->
    if
    :: mark_id == 0 -> mark_by = me; mark_new = true; its_id = me; printf("asker %d: inserts the mark\n", me); goto make
    :: else -> m = mark_id
    fi
  };
#endif
  if
  :: how == REPLACE -> goto lock_mark
  :: else
  fi;
  atomic {
    if
    :: FREE_ROW(m) -> HOLD_BACK(m); answer(m, true); goto answered
    :: else
    fi
  };
  if
  :: how == SKIP ->
#ifdef MARK_READ_BEFORE_LOCKS  /* what the mark is and whether somebody is changing it are not of one moment */
     atomic { behind = HELD(m) && mark_id == m && mark_next == 0; winner = mark_by };
     atomic {
       if
       :: behind && (winner == 0 || mark_by != winner) -> winner = 0
       :: else -> winner = 0; behind = false
       fi
     };
     atomic {
       if
#ifdef MARK_READ_AGAIN  /* by a statement of its own */
       :: behind && HELD(m) && mark_id == m && mark_next == 0 -> answer(m, false); behind = false; goto answered
#else
       :: behind -> answer(m, false); behind = false; goto answered
#endif
       :: else -> behind = false
       fi
     }
#else
     atomic {
       if
       :: HELD(m) && mark_id == m && mark_next == 0 && mark_by == 0 -> answer(m, false); goto answered
       :: else
       fi
     }
#endif
  :: else
  fi;

lock_mark:
  atomic { mark_by == 0 -> mark_by = me; printf("asker %d: has the mark\n", me) };
look:
  atomic { its_id = mark_id; its_next = mark_next; waiting = false; runs = false };
  do
  :: atomic { true -> if :: FREE_ROW(its_id) -> HOLD_BACK(its_id); waiting = true; break :: else fi };
     atomic {
       if
       :: HELD(its_id) -> runs = true; break
       :: !HELD(its_id) && its_next != 0 -> its_id = its_next; its_next = 0
       :: !HELD(its_id) && its_next == 0 -> break
       fi
     }
  od;
  if
  :: waiting && how == REPLACE ->  /* a DELETE waits for those who hold the jobs back */
     atomic {
       !HELD_BACK_BY_OTHERS(its_id) && !HELD_BACK_BY_OTHERS(its_next) ->
       taken[its_id] = me;
       if :: its_next != 0 && row[its_next] == THERE -> taken[its_next] = me :: else fi;
       printf("asker %d: puts its own in the place of job %d\n", me, its_id);
       its_id = me; its_next = 0; goto make
     }
  :: waiting && how != REPLACE -> atomic { answer(its_id, true); goto answered }
  :: runs ->
     atomic { if :: its_next != 0 && FREE_ROW(its_next) -> HOLD_BACK(its_next); behind = true :: else fi };
     if
     :: !behind && its_next != 0 && row[its_next] == THERE && row[its_id] != THERE -> goto look
     :: behind && how != REPLACE -> atomic { answer(its_next, true); goto answered }
     :: behind && how == REPLACE ->
        atomic {
          !HELD_BACK_BY_OTHERS(its_next) -> taken[its_next] = me;
          printf("asker %d: puts its own in the place of job %d\n", me, its_next);
          its_next = me; goto make
        }
     :: !behind && how != SKIP && !(its_next != 0 && row[its_next] == THERE && row[its_id] != THERE) ->
        atomic { its_next = me; printf("asker %d: its own comes behind job %d\n", me, its_id); goto make }
     :: !behind && how == SKIP && !(its_next != 0 && row[its_next] == THERE && row[its_id] != THERE) ->
        atomic { answer(its_id, false); goto answered }
     fi
  :: !waiting && !runs -> atomic { its_id = me; its_next = 0 }
  fi;
make:
  atomic { row[me] = WRITTEN; winner = me; printf("asker %d: makes job %d\n", me, me) };
answered:
  atomic {
    if
    :: printf("asker %d: COMMIT\n", me);
       if :: mark_by == me -> mark_id = its_id; mark_next = its_next :: else fi;
#ifdef LOOKS_THEN_INSERTS
       if :: row[me] == WRITTEN && mark_by != me -> mark_id = me :: else fi;
#endif
       if :: row[me] == WRITTEN -> row[me] = THERE :: else fi;
       end_row(1, NONE); end_row(2, NONE); end_row(3, NONE)
    :: printf("asker %d: ROLLBACK\n", me);
       row[me] = NONE; winner = 0;
       end_row(1, THERE); end_row(2, THERE); end_row(3, THERE)
    fi;
    if :: mark_by == me -> mark_by = 0; mark_new = false; its_id = 0; its_next = 0 :: else fi;
    waits_for[me] = 0; ended++; how = 0; m = 0; done_before = 0; waiting = false; runs = false; behind = false
  };
end:
  timeout -> REQUIRE(winner == 0 || ((done | replaced) & BIT(winner)) != 0, LOST)
}

#ifdef BESIDE_THE_ONE_BEFORE
#define MAY_RUN(j) true
#else
#define MAY_RUN(j) !(mark_next == j && row[mark_id] == THERE)  /* guard_unique.sql */
#endif
#define CLAIMABLE(j) (FREE_ROW(j) && shared[j] == 0 && MAY_RUN(j))

inline claim(j) {
  job = j; taken[j] = ASKERS + me;
  printf("worker %d: BEGIN, and runs job %d\n", me, j);
  running++;
  REQUIRE(running <= 1, TWO_AT_ONCE);
  REQUIRE(waits_for[1] != j && waits_for[2] != j && waits_for[3] != j, UNSEEN)
}

proctype Worker(byte me) {
  byte job;
end:
  do
  :: atomic { CLAIMABLE(1) -> claim(1) }; goto body
  :: atomic { CLAIMABLE(2) -> claim(2) }; goto body
  :: atomic { CLAIMABLE(3) -> claim(3) }; goto body
  od;
body:
#ifdef RELEASED_BEFORE_COMMIT
  atomic { mark_by == 0 -> if :: mark_id == job -> mark_id = 0; printf("worker %d: releases the key\n", me) :: else fi };
#endif
  if
  :: atomic {
       true -> printf("worker %d: COMMIT\n", me);
       row[job] = NONE; taken[job] = 0; done = done | BIT(job); running--
     }
  :: atomic {
       crashes < CRASHES -> crashes++; printf("worker %d: ROLLBACK\n", me);
       taken[job] = 0; running--; job = 0; goto end
     }
  fi;
#ifdef RELEASED_BY_A_CALL
  if
  :: atomic { mark_by == 0 -> if :: mark_id == job -> mark_id = mark_next; mark_next = 0 :: else fi }
  :: atomic { crashes < CRASHES -> crashes++; printf("worker %d: dies before it releases the key\n", me) }
  fi;
#endif
  job = 0;
  goto end
}

init {
  atomic { run Worker(1); run Worker(2); run Asker(1); run Asker(2); run Asker(3) }
}

active proctype Quiescence() {
end:
  timeout ->
#if PROBE == 1
  REQUIRE(replaced == 0 || done == 0 || crashes == 0, "VIOLATED: probe\n")
#elif PROBE == 2
  REQUIRE(mark_next == 0 || done != BIT(1) + BIT(2) + BIT(3), "VIOLATED: probe\n")
#else
  REQUIRE(ended == ASKERS && row[1] == NONE && row[2] == NONE && row[3] == NONE, LOST)
#endif
}
