/* job.pml: the life of one job between PostgreSQL, Redis, two workers and a relay, with everything that may go wrong.
 *
 * What one statement, transaction or script does is one atomic step here; between any two steps anybody else may act,
 * die or stop for ever.  tests/model/check says which faults and which wrong designs (-D) are tried;
 * docs/decisions/0008-model-of-the-protocol.md says what is left out.
 */

/* --- How often each fault may happen. */
#ifndef CRASHES      /* a worker dies, or stops for ever with its transaction open */
#define CRASHES 1
#endif
#ifndef EARLY        /* a lease ends though its worker lives */
#define EARLY 1
#endif
#ifndef FAILURES     /* a task throws */
#define FAILURES 2
#endif
#ifndef DOUBTS       /* a connection to PostgreSQL breaks in COMMIT, or while a failure is written */
#define DOUBTS 1
#endif
#ifndef COPIES       /* a job comes twice: a script stopped midway, an enqueue sent again */
#define COPIES 1
#endif
#ifndef LOSSES       /* Redis loses all its data */
#define LOSSES 0
#endif
#ifndef FALLBACKS    /* Redis falls back to a state it had before */
#define FALLBACKS 0
#endif
#ifndef REVIVALS     /* an operator brings a dead job back */
#define REVIVALS 0
#endif
#ifndef PURGES       /* the ledger forgets what was done */
#define PURGES 0
#endif
#ifndef RELAYS
#define RELAYS 1
#endif
#define LAST_ATTEMPT 2

/* --- The code as it stands: docs/decisions/0008-model-of-the-protocol.md, "Open". */
#ifdef AS_BUILT
#define TRUSTS_EARLIER_ANSWER
#define NEVER_READS_AGAIN
#define NAMES_FROM_REDIS_ALONE
#define REVIVES_AT_ONCE
#endif

/* --- Which rows there are: a durable job has its own; otherwise the ledger has one for each job done. */
#if defined(ON_COMMIT) || defined(DELETE_BEFORE_PUSH) || defined(DELETE_AFTER_PUSH)
#define LEDGER
#endif

/* --- PostgreSQL. */
byte row;              /* the job's row: its attempt; 0: there is none */
bool ledger;           /* the job's id is in the ledger */
byte lock;             /* whose open transaction has the row (or is entering the id): worker 1, 2, or ORPHAN */
#define ORPHAN 3       /* the session of a worker that has lost the connection to it */
bool orphan_commits;   /* COMMIT had reached it */
bool dead;             /* the job is a dead letter */
byte job_xid;          /* of the producer's transaction */
bool job_running;      /* it has neither committed nor rolled back */
byte other_xid;        /* of another producer's, which commits at once */
byte xids;             /* handed out so far */
byte snapshot_max = 1; /* the xmax of a snapshot: one after the latest transaction that has ended */

/* --- Redis. */
mtype = { NONE, READY, HELD, DELAYED, PUT_OFF };
mtype copy[2] = NONE;  /* of the job, in stream or delayed */
byte copy_attempt[2];
byte copy_holder[2];
bool copy_aged[2];     /* held, says Redis; but its holder has settled it and has forgotten it */
bool durable_id;       /* the job's id is in the set of durable jobs */
byte cursor_token;     /* 0: no cursor */
byte cursor_max;       /* the snapshot that the relay has got to: its xmax, */
bool cursor_xip;       /* and whether the job's transaction was running in it */
bool known[3];         /* the worker has a lease or a name there */

bool saved;            /* the state that Redis may fall back to */
mtype saved_copy[2] = NONE;
byte saved_attempt[2];
byte saved_holder[2];
bool saved_id;
byte saved_token;
byte saved_max;
bool saved_xip;

/* --- Workers. */
bool alive[3];
byte working[3];       /* on which copy: 0 none, else 1 + its number */

/* --- For the properties alone. */
bool committed;
bool sent;             /* an on-commit job has reached Redis */
bool data_lost;
byte effects;
bool counted[LAST_ATTEMPT + 1];  /* this attempt's failure has been counted */

byte crashes, early, failures, doubts, copies, losses, fallbacks, revivals, purges, tokens;

/* Says in words what does not hold, when spin replays a counterexample. */
#define REQUIRE(condition, words) if :: !(condition) -> printf(words); assert(false) :: else fi

#ifdef LEDGER
#define CONSUME ledger = true
#else
#define CONSUME row = 0
#endif
#define TAKE_EFFECT CONSUME; lock = 0; EFFECT
#define EFFECT \
  effects++; \
  REQUIRE(committed, "VIOLATED: a job that was rolled back takes effect\n"); \
  REQUIRE(effects <= 1, "VIOLATED: the effect is applied twice\n")

#include "redis.pml"
#include "relay.pml"
#include "worker.pml"

/* --- What every worker does beside its jobs; the roles hold nothing, so their death is of no account. */

inline end_sessions(w) {
  printf("recoverer: takes worker %d for dead\n", w);
#ifdef SESSIONS_NOT_ENDED
  true
#else
  if :: lock == w -> lock = 0; printf("    and ends its session: ROLLBACK\n") :: else fi
#endif
}

active proctype Recoverer() {
  byte w;
end:
  do
  :: atomic { !alive[1] && known[1] -> w = 1; end_sessions(w) }; atomic { recover(w); w = 0 }
  :: atomic { !alive[2] && known[2] -> w = 2; end_sessions(w) }; atomic { recover(w); w = 0 }
  :: atomic { alive[1] && early < EARLY -> early++; w = 1; end_sessions(w) };
     atomic { if :: recover(w) :: true fi; w = 0 }  /* or it has renewed its lease by now */
  :: atomic { alive[2] && early < EARLY -> early++; w = 2; end_sessions(w) };
     atomic { if :: recover(w) :: true fi; w = 0 }
#if !defined(NAMES_FROM_REDIS_ALONE) && !defined(SESSIONS_NOT_ENDED)
  :: atomic { !alive[1] && lock == 1 && !known[1] -> lock = 0 }  /* a session of nobody that Redis knows */
  :: atomic { !alive[2] && lock == 2 && !known[2] -> lock = 0 }
#endif
  od
}

/* One that was put off comes back every second, without end while the row is locked; only the last of these counts. */
#define DUE(i) (copy[i] == DELAYED || (copy[i] == PUT_OFF && lock == 0))

active proctype Promoter() {
  byte n;
end:
  do
#ifdef PROMOTE_IN_TWO_CALLS
  :: atomic { DUE(0) -> n = copy_attempt[0]; forget_copy(0); printf("scheduler: removes the delayed job\n") };
     if
     :: atomic { add_copy(n); n = 0; printf("scheduler: makes it ready\n") }
     :: atomic { crashes < CRASHES -> crashes++; n = 0; printf("scheduler: dies\n") }
     fi
  :: atomic { DUE(1) -> n = copy_attempt[1]; forget_copy(1); printf("scheduler: removes the delayed job\n") };
     if
     :: atomic { add_copy(n); n = 0; printf("scheduler: makes it ready\n") }
     :: atomic { crashes < CRASHES -> crashes++; n = 0; printf("scheduler: dies\n") }
     fi
#else
  :: atomic { DUE(0) -> copy[0] = READY; printf("scheduler: makes the job ready\n") }
  :: atomic { DUE(1) -> copy[1] = READY; printf("scheduler: makes the job ready\n") }
#endif
  od
}

/* --- What befalls the servers. */

inline restore(i) {
  copy[i] = saved_copy[i]; copy_attempt[i] = saved_attempt[i]; copy_holder[i] = saved_holder[i];
  copy_aged[i] = false;
  if
  :: copy[i] == HELD && alive[copy_holder[i]] && working[copy_holder[i]] == i + 1  /* the same hand-over still */
  :: copy[i] == HELD && alive[copy_holder[i]] -> copy_aged[i] = true
  :: copy[i] != HELD || !alive[copy_holder[i]]
  fi;
  saved_copy[i] = NONE; saved_attempt[i] = 0; saved_holder[i] = 0
}

active proctype Faults() {
end:
  do
  :: atomic {
       lock == ORPHAN && orphan_commits -> orphan_commits = false;
       printf("PostgreSQL: the COMMIT that was in doubt is done\n");
       TAKE_EFFECT
     }
  :: atomic {
       lock == ORPHAN -> orphan_commits = false; lock = 0;
       printf("PostgreSQL: finds the connection dead: ROLLBACK\n")
     }
  :: atomic {
       copies < COPIES && copy[0] != NONE && copy[1] == NONE -> copies++;
       copy[1] = READY; copy_attempt[1] = copy_attempt[0];
       printf("Redis: has the job twice\n")
     }
  :: atomic {
       losses < LOSSES -> losses++; data_lost = true;
       forget_copy(0); forget_copy(1); durable_id = false;
       cursor_token = 0; cursor_max = 0; cursor_xip = false;
       known[1] = alive[1]; known[2] = alive[2];
       printf("Redis: loses all its data\n")
     }
#if FALLBACKS > 0
  :: atomic {
       !saved && fallbacks < FALLBACKS -> saved = true;
       saved_copy[0] = copy[0]; saved_attempt[0] = copy_attempt[0]; saved_holder[0] = copy_holder[0];
       saved_copy[1] = copy[1]; saved_attempt[1] = copy_attempt[1]; saved_holder[1] = copy_holder[1];
       saved_id = durable_id; saved_token = cursor_token; saved_max = cursor_max; saved_xip = cursor_xip;
       printf("Redis: writes its data to the disk\n")
     }
  :: atomic {
       saved -> saved = false; fallbacks++; data_lost = true;
       restore(0); restore(1); known[1] = true; known[2] = true;
       durable_id = saved_id; cursor_token = saved_token; cursor_max = saved_max; cursor_xip = saved_xip;
       saved_id = false; saved_token = 0; saved_max = 0; saved_xip = false;
       printf("Redis: falls back to what is on the disk\n")
     }
#endif
#if REVIVALS > 0
#ifdef REVIVES_AT_ONCE
#define MAY_REVIVE true
#else
#define MAY_REVIVE !durable_id  /* no copy is about to be acknowledged */
#endif
  :: atomic {
       dead && revivals < REVIVALS && MAY_REVIVE -> revivals++; dead = false; row = 1;
       counted[1] = false; counted[2] = false;
       xids++; job_xid = xids; snapshot_max = xids + 1;
       printf("operator: brings the job back from the dead\n")
     }
#endif
#if PURGES > 0
  :: atomic { ledger && purges < PURGES -> purges++; ledger = false; printf("ledger: purged\n") }
#endif
  od
}

init {
  atomic { run Worker(1); run Worker(2) }
}

/* --- When nothing can happen any more: no job is lost, none waits for ever, and nothing is left over. */

active proctype Quiescence() {
end:
  timeout ->
#if PROBE == 1
  REQUIRE(effects == 0 || early == 0 || crashes == 0, "VIOLATED: probe\n")
#elif PROBE == 2
  REQUIRE(!dead || doubts == 0, "VIOLATED: probe\n")
#elif PROBE == 3
  REQUIRE(effects == 0 || tokens < 2 || failures == 0, "VIOLATED: probe\n")
#elif PROBE == 4
  REQUIRE(effects == 0 || fallbacks == 0, "VIOLATED: probe\n")
#else
  REQUIRE(committed || !dead, "VIOLATED: a job that was rolled back is dead\n");
#ifdef ON_COMMIT
  REQUIRE(!committed || !sent || data_lost || effects == 1 || dead, "VIOLATED: the job is lost, or waits for ever\n");
#else
  REQUIRE(!committed || effects == 1 || dead, "VIOLATED: the job is lost, or waits for ever\n");
  REQUIRE(effects == 0 || !dead, "VIOLATED: a job is dead and has taken effect\n");
#endif
#ifndef LEFTOVERS_ALLOWED
  REQUIRE(row == 0 && lock == 0, "VIOLATED: a row or a lock of a job that is done is left over\n");
  REQUIRE(copy[0] == NONE && copy[1] == NONE && !durable_id, "VIOLATED: a job that is done is left over in Redis\n")
#endif
#endif
}
