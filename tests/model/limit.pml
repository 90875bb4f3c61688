/* limit.pml: jobs of one limit, which are let in one at a time (client/sql/functions/take_places.sql, worker/limits), or two
 * until somebody lowers it to one.
 *
 * A place is an advisory lock of the job's own transaction; those that find none stand in a line in Redis, from which they
 * are brought back on news of a place, which may be lost, and by looks for room.
 */

#ifndef CRASHES   /* a worker is killed, or stops for ever with its transaction open */
#define CRASHES 1
#endif
#ifndef EARLY     /* a lease ends though its worker lives */
#define EARLY 0
#endif
#ifndef LOSSES    /* Redis loses all its data, and the relay brings again what has a row */
#define LOSSES 0
#endif
#ifndef LOWERED   /* 1: there are two places at first, and then one */
#define LOWERED 0
#endif
#ifndef FAILURES
#define FAILURES 1
#endif

#define REQUIRE(condition, words) if :: !(condition) -> printf(words); assert(false) :: else fi
#define TOO_MANY "VIOLATED: more jobs of one key are run at once than its limit\n"
#define LOST "VIOLATED: the job is lost, or waits for ever\n"

/* --- PostgreSQL. */
bool row[3];
byte lock[3];               /* which worker's transaction has the row */
byte place[2];              /* and which has the place */
byte most = 1 + LOWERED;
bool lowered;

/* --- Redis. */
mtype = { GONE, READY, HELD, IN_LINE };
mtype copy[3] = GONE;
byte holder[3];
#ifdef COUNTED_IN_REDIS
byte counted;
#endif

bool alive[3], has_name[3];
bool in_body[3];            /* with its transaction */
byte running, crashes, early, losses, failures;

#define IN_USE ((place[0] != 0) + (place[1] != 0))
#ifdef COUNTED_IN_REDIS
#define ROOM (most - counted)
#else
#define ROOM (most - IN_USE)
#endif
#define SOMEBODY_WAITS (copy[1] == IN_LINE || copy[2] == IN_LINE)

inline bring_one_back() {
  if
  :: copy[1] == IN_LINE -> copy[1] = READY
  :: copy[2] == IN_LINE -> copy[2] = READY
  :: !SOMEBODY_WAITS
  fi
}

inline free_place(w) {
  if :: place[0] == w -> place[0] = 0 :: else fi;
  if :: place[1] == w -> place[1] = 0 :: else fi
}

/* The end of a worker's transaction, whichever, and of what it does there. */
inline end_transaction(w) {
  if :: in_body[w] -> in_body[w] = false; running-- :: else fi;
#ifndef PLACE_BY_LEASE
  free_place(w);
#endif
  if :: lock[1] == w -> lock[1] = 0 :: else fi;
  if :: lock[2] == w -> lock[2] = 0 :: else fi
}

inline settle(state) {
  if
  :: copy[job] == HELD && holder[job] == me -> copy[job] = state; holder[job] = 0
  :: else  /* it does not hold the job any more */
  fi;
  job = 0; most_seen = 0; counts = false
}

inline die() {
  crashes++; alive[me] = false; job = 0; most_seen = 0; counts = false; back = false;
  if
  :: end_transaction(me); printf("worker %d: killed\n", me)
  :: printf("worker %d: stops for ever\n", me)
  fi
}
#define OURS (lock[job] == me)  /* its session has not been ended */
#define MAY_DIE atomic { crashes < CRASHES -> die(); goto again }

inline fetch(j) {
  job = j; copy[j] = HELD; holder[j] = me; printf("worker %d: fetches job %d\n", me, j)
}

proctype Worker(byte me) {
  byte job, most_seen;
  bool counts, back;
  alive[me] = true; has_name[me] = true;
again:
end:
  if
  :: atomic { alive[me] && copy[1] == READY -> fetch(1) }
  :: atomic { alive[me] && copy[2] == READY -> fetch(2) }
  :: atomic { !alive[me] && !has_name[me] -> alive[me] = true; has_name[me] = true; goto again }
  fi;

  /* The guard: one statement, but its function looks several times. */
  atomic {
    if
    :: row[job] && lock[job] == 0 -> lock[job] = me; printf("worker %d: has the row of job %d\n", me, job)
    :: row[job] && lock[job] != 0 -> settle(READY); goto again  /* put off */
    :: !row[job] -> settle(GONE); goto again
    fi
  };
  atomic { most_seen = most; counts = lowered };
  if
  :: MAY_DIE
  :: atomic { !OURS -> printf("worker %d: its session was ended\n", me); goto failed }
#ifdef COUNTED_IN_REDIS
  :: atomic { counted < most_seen -> counted++; printf("worker %d: counts itself in\n", me) }
  :: atomic { counted >= most_seen -> goto no_place }
#else
  :: atomic { OURS && place[0] == 0 -> place[0] = me; printf("worker %d: has the first place\n", me) }
  :: atomic { OURS && most_seen == 2 && place[1] == 0 -> place[1] = me; printf("worker %d: has the second place\n", me) }
  :: atomic { OURS && place[0] != 0 && (most_seen == 1 || place[1] != 0) -> goto no_place }
#endif
  fi;
  atomic {  /* who had read the limit before it was lowered, and takes a place after this, has begun under the higher one */
    if
#if LOWERED > 0 && !defined(ABOVE_IT_UNCOUNTED)
    :: counts && IN_USE > most_seen -> back = true; goto no_place  /* and what it had for a moment is free again */
    :: !(counts && IN_USE > most_seen) && OURS ->
#else
    :: OURS ->
#endif
       in_body[me] = true; running++; printf("worker %d: runs job %d\n", me, job);
       REQUIRE(running <= most_seen, TOO_MANY)
    :: else -> printf("worker %d: its session was ended\n", me); goto failed
    fi
  };
#ifdef FREED_BEFORE_COMMIT
  atomic { free_place(me) };
#endif
  if
  :: MAY_DIE
  :: atomic {
       OURS -> printf("worker %d: COMMIT\n", me);
       row[job] = false; end_transaction(me)
     }
  :: atomic {
       OURS && failures < FAILURES -> failures++; printf("worker %d: ROLLBACK\n", me);
       end_transaction(me);
       goto failed
     }
  :: atomic { !OURS -> printf("worker %d: its session was ended\n", me); goto failed }
  fi;
  if
  :: MAY_DIE
  :: atomic { true -> settle(GONE) }
  fi;
  goto freed;

failed:
  if
  :: MAY_DIE
  :: atomic { true -> settle(READY) }
  fi;
freed:  /* its place is, and who gets that is told to come */
#ifdef PLACE_BY_LEASE
  free_place(me);
#endif
#ifdef COUNTED_IN_REDIS
  if
  :: MAY_DIE
  :: atomic { true -> if :: counted > 0 -> counted-- :: else fi }
  fi;
#endif
  if
  :: MAY_DIE
  :: atomic { true -> bring_one_back() }
  fi;
  goto again;

no_place:
  atomic { end_transaction(me); printf("worker %d: no place for job %d\n", me, job) };
  if
  :: MAY_DIE
  :: atomic { true -> settle(IN_LINE) }
  fi;
  if
  :: back -> back = false; goto freed
  :: else -> goto again
  fi
}

/* The usher of any worker looks for how many there is room, and then brings as many back, who ask again. */
active proctype Usher() {
  byte room;
#ifndef NOBODY_LOOKS
end:
  do
  :: atomic { SOMEBODY_WAITS && ROOM > 0 -> room = ROOM };
     do
     :: atomic { room > 0 -> room--; bring_one_back() }
     :: room == 0 -> break
     od
  od
#endif
}

inline recover(w) {
  printf("recoverer: takes worker %d for dead\n", w);
  end_transaction(w)
}
inline put_back(j, w) {
  if :: copy[j] == HELD && holder[j] == w -> copy[j] = READY; holder[j] = 0 :: else fi
}
inline put_all_back(w) {
#ifdef PLACE_BY_LEASE
  free_place(w);
#endif
  put_back(1, w); put_back(2, w);
  if
  :: !alive[w] && lock[1] != w && lock[2] != w -> has_name[w] = false
  :: else  /* that a session which began meanwhile is found and ended as well is shown by job.pml */
  fi
}

active proctype Recoverer() {
end:
  do
  :: atomic { !alive[1] && has_name[1] -> recover(1) }; atomic { put_all_back(1) }
  :: atomic { !alive[2] && has_name[2] -> recover(2) }; atomic { put_all_back(2) }
#ifdef PLACE_BY_LEASE
  :: atomic { alive[1] && early < EARLY -> early++; printf("Redis: the lease of worker 1 ends\n"); free_place(1) };
     atomic { recover(1) }; atomic { put_all_back(1) }
#else
  :: atomic { alive[1] && early < EARLY -> early++; recover(1) }; atomic { put_all_back(1) }
#endif
  od
}

#define BROUGHT_AGAIN(j) copy[j] = (row[j] -> READY : GONE); holder[j] = 0

active proctype Faults() {
end:
  do
  :: atomic {
       losses < LOSSES -> losses++; printf("Redis: loses its data, and the relay brings it again\n");
#ifdef COUNTED_IN_REDIS
       counted = 0;
#endif
       BROUGHT_AGAIN(1); BROUGHT_AGAIN(2)
     }
#if LOWERED > 0
  :: atomic { most == 2 -> most = 1; lowered = true; printf("operator: lowers the limit to one\n") }
#endif
  od
}

init {
  atomic {
    row[1] = true; row[2] = true;
    copy[1] = READY; copy[2] = READY;
    run Worker(1); run Worker(2)
  }
}

active proctype Quiescence() {
end:
  timeout ->
#if PROBE == 1
  REQUIRE(row[1] || row[2] || crashes == 0 || losses == 0, "VIOLATED: probe\n")
#else
  REQUIRE(!row[1] && !row[2] && IN_USE == 0, LOST);
  REQUIRE(copy[1] == GONE && copy[2] == GONE, LOST)
#endif
}
