/* job.pml: the life of one job between PostgreSQL, Redis, two workers and a relay, with everything that may go wrong.
 *
 * What one statement, transaction or script does is one atomic step here; between any two steps anybody else may act,
 * die or stop for ever.  tests/model/check says which faults and which wrong designs (-D) are tried;
 * docs/decisions/0008-model-of-the-protocol.md says what is left out.
 *
 * An option must not begin with another choice: SPIN makes one choice of both, whose 'else' is then hardly ever taken.
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
#ifndef ASIDES       /* a worker finds that it cannot run the job now, and puts it aside */
#define ASIDES 0
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
#ifndef PHANTOMS     /* a fetch reads again what is in hand, and it is settled before that is seen */
#define PHANTOMS 0
#endif
#ifndef CANCELS      /* somebody cancels the job */
#define CANCELS 0
#endif
#ifndef PURGES       /* the ledger forgets what was done */
#define PURGES 0
#endif
#ifndef RERUNS       /* PostgreSQL is started again after a crash, or another server takes over: ids come again */
#define RERUNS 0
#endif
#ifndef RELAYS
#define RELAYS 1
#endif
#define LAST_ATTEMPT 2

/* --- Which rows there are: a durable job has its own; otherwise the ledger has one for each job done. */
#if defined(ON_COMMIT) || defined(DELETE_BEFORE_PUSH) || defined(DELETE_AFTER_PUSH)
#define LEDGER
#endif

/* --- Whether the recoverer asks PostgreSQL who holds a job that was put off. */
#if !defined(NAMES_FROM_REDIS_ALONE) && !defined(SESSIONS_NOT_ENDED) && \
    !(defined(LEDGER) && defined(LEDGER_HOLDER_UNKNOWN))
#define ASKS_WHO_HOLDS
#endif

/* --- PostgreSQL. */
byte row;              /* the job's row: its attempt; 0: there is none */
bool ledger;           /* the job's id is in the ledger */
byte lock;             /* whose open transaction has the row (or is entering the id): worker 1, 2, or one of these */
#define ORPHAN 3       /* the session of a worker that has lost the connection to it */
#define CANCELLER 4
bool orphan_commits;   /* COMMIT had reached it */
bool dead;             /* the job is a dead letter */
bool row_revived;      /* the row says that it was brought back from the dead */
byte job_xid;          /* of the producer's transaction */
bool job_running;      /* it has neither committed nor rolled back */
byte other_xid;        /* of another producer's, which commits at once */
byte xids;             /* handed out so far */
byte snapshot_max = 1; /* the xmax of a snapshot: one after the latest transaction that has ended */
#if RERUNS > 0
byte reruns;            /* how often the server was started again */
#endif

/* --- Redis. */
mtype = { NONE, READY, HELD, DELAYED, PUT_OFF, ASIDE };
mtype copy[2] = NONE;  /* of the job, in stream, delayed or aside */
byte copy_attempt[2];
byte copy_holder[2];
byte copy_aged[2];     /* held, says Redis, but its holder has settled it: it will READ it again, or has PASSED it */
#define READ 1
#define PASSED 2
bool durable_id;       /* the job's id is in the set of durable jobs */
byte cursor_token;     /* 0: no cursor */
byte cursor_max;       /* the snapshot that the relay has got to: its xmax, */
bool cursor_xip;       /* and whether the job's transaction was running in it */
bool known[3];         /* the worker has a lease or a name there */

bool saved;            /* the state that Redis may fall back to */
mtype saved_copy[2] = NONE;
byte saved_attempt[2];
byte saved_holder[2];
byte handed[2];        /* how often this copy was handed out since */
bool saved_known[3];
bool saved_id;
byte saved_token;
byte saved_max;
bool saved_xip;

/* --- Workers. */
bool alive[3];
byte working[3];       /* on which copy: 0 none, else 1 + its number; GONE: it is in hand, but not in Redis */
#define GONE 3
bool settled[3];       /* Redis has answered; what was in hand is not released yet */
bool noted;            /* the job was put off, and a worker that is silent for ever has it */
#define HELD_BY_SILENT (lock != 0 && lock < ORPHAN && !alive[lock])
byte recovering;       /* whom the recoverer takes for dead */

/* While all is the same with both workers, what the second one would do is what the first one would, so that alone is
 * searched: what the workers are called makes no difference to anything. */
#define ALIKE \
  (alive[1] == alive[2] && known[1] == known[2] && working[1] == 0 && working[2] == 0 && lock != 1 && lock != 2 && \
   copy_holder[0] == 0 && copy_holder[1] == 0 && recovering == 0 && \
   saved_known[1] == saved_known[2] && saved_holder[0] == 0 && saved_holder[1] == 0)
#define FIRST(w) (w == 1 || !ALIKE)

#if RELAYS > 1
bool first_relay_at_work;
#endif

/* --- For the properties alone. */
bool committed;
#ifdef ON_COMMIT
bool sent;             /* the job has reached Redis */
bool data_lost;
#define NOTE_SENT sent = true
#define NOTE_LOSS data_lost = true
#else
#define NOTE_SENT
#define NOTE_LOSS
#endif
byte effects;
bool counted[LAST_ATTEMPT + 1];  /* this attempt's failure has been counted */

byte crashes, early, failures, doubts, asides, copies, losses, fallbacks, revivals, phantoms, purges, tokens;

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
  IF_NOT_CANCELLED; \
  REQUIRE(committed, "VIOLATED: a job that was rolled back takes effect\n"); \
  REQUIRE(effects <= 1, "VIOLATED: the effect is applied twice\n")

#include "redis.pml"
#include "cancel.pml"
#include "relay.pml"
#include "worker.pml"

/* --- What every worker does beside its jobs; the roles hold nothing, so their death is of no account. */

inline end_sessions(w) {
  printf("recoverer: takes worker %d for dead\n", w);
#ifdef SESSIONS_NOT_ENDED
  true
#else
  if :: lock == w -> lock = 0; noted = false; printf("    and ends its session: ROLLBACK\n") :: else fi
#endif
}

#define TAKE_FOR_DEAD(w) recovering = w; end_sessions(w)
#define RECOVER recover(recovering); recovering = 0

active proctype Recoverer() {
end:
  do
  :: atomic { !alive[1] && known[1] -> TAKE_FOR_DEAD(1) }; atomic { RECOVER }
  :: atomic { !alive[2] && known[2] -> TAKE_FOR_DEAD(2) }; atomic { RECOVER }
  :: atomic { alive[1] && early < EARLY -> early++; TAKE_FOR_DEAD(1) };
     atomic { if :: true -> RECOVER :: recovering = 0 fi }  /* or it has renewed its lease by now */
  :: atomic { alive[2] && early < EARLY && FIRST(2) -> early++; TAKE_FOR_DEAD(2) };
     atomic { if :: true -> RECOVER :: recovering = 0 fi }
#ifdef ASKS_WHO_HOLDS
  :: atomic {  /* while the holder still has a lease nothing follows, and the job is met again */
       noted -> printf("recoverer: asks who holds the job\n"); TAKE_FOR_DEAD(lock); recovering = 0
     }
#endif
  od
}

/* One that was put off comes back every second, without end while the row is locked.  What counts of these is the last,
 * and the one after which the recoverer is told of a holder that is silent for ever. */
#ifdef ASKS_WHO_HOLDS
#define WORTH_A_LOOK (lock == 0 || (HELD_BY_SILENT && !noted))
#else
#define WORTH_A_LOOK (lock == 0)
#endif
#define DUE(i) (copy[i] == DELAYED || (copy[i] == PUT_OFF && WORTH_A_LOOK))

active proctype Promoter() {
  byte n;
end:
  do
#ifdef PROMOTE_IN_TWO_CALLS
  :: atomic { DUE(0) -> n = copy_attempt[0]; forget_copy(0); printf("scheduler: removes the delayed job\n") };
     if
     :: atomic { true -> add_copy(n); n = 0; printf("scheduler: makes it ready\n") }
     :: atomic { crashes < CRASHES -> crashes++; n = 0; printf("scheduler: dies\n") }
     fi
  :: atomic { DUE(1) -> n = copy_attempt[1]; forget_copy(1); printf("scheduler: removes the delayed job\n") };
     if
     :: atomic { true -> add_copy(n); n = 0; printf("scheduler: makes it ready\n") }
     :: atomic { crashes < CRASHES -> crashes++; n = 0; printf("scheduler: dies\n") }
     fi
#else
  :: atomic { DUE(0) -> copy[0] = READY; printf("scheduler: makes the job ready\n") }
  :: atomic { DUE(1) -> copy[1] = READY; printf("scheduler: makes the job ready\n") }
#endif
  od
}

#if ASIDES > 0
active proctype Returner() {
end:
  do
  :: atomic { copy[0] == ASIDE -> copy[0] = READY; printf("returner: brings the job back\n") }
  :: atomic { copy[1] == ASIDE -> copy[1] = READY; printf("returner: brings the job back\n") }
  od
}
#endif

/* --- What befalls the servers. */

#ifdef NEVER_READS_AGAIN
#define NOT_IN_HAND PASSED
#else
#define NOT_IN_HAND READ
#endif
#ifdef FORGETS_WHAT_IT_DROPPED  /* the fetch may come before the release, or after it */
#define NOT_RELEASED(w) \
  if \
  :: copy_aged[i] = PASSED; printf("    worker %d drops what it has settled as in hand\n", w) \
  :: copy_aged[i] = READ \
  fi
#else
#define NOT_RELEASED(w) copy_aged[i] = NOT_IN_HAND
#endif
#define IN_HAND(w) (alive[w] && working[w] == i + 1)

/* One that is worked on is dropped from what is read; one that is settled but not released will be read again. */
#define READ_BY(w, same) \
  if \
  :: IN_HAND(w) && same && !settled[w] \
  :: IN_HAND(w) && same && settled[w] -> NOT_RELEASED(w) \
  :: alive[w] && !(IN_HAND(w) && same) -> copy_aged[i] = NOT_IN_HAND \
  :: !alive[w] \
  fi

/* Only a restart takes Redis back, and that ends all connections: on the new one a fetch reads what is in the worker's
 * name from the start, and drops what is in hand. */
inline restore(i) {
  copy[i] = saved_copy[i]; copy_attempt[i] = saved_attempt[i]; copy_holder[i] = saved_holder[i];
  copy_aged[i] = 0;
  if
  :: copy[i] == HELD -> READ_BY(copy_holder[i], (handed[i] == 0))
#ifndef NEVER_READS_AGAIN  /* the worker's own fetch is the first to read it, and drops it */
  :: copy[i] == READY && handed[i] == 1 && IN_HAND(1) -> copy[i] = HELD; copy_holder[i] = 1; READ_BY(1, true)
  :: copy[i] == READY && handed[i] == 1 && IN_HAND(2) -> copy[i] = HELD; copy_holder[i] = 2; READ_BY(2, true)
#endif
  :: copy[i] != HELD  /* or another worker fetches it first */
  fi;
  handed[i] = 0;
  if :: copy[i] == HELD -> known[copy_holder[i]] = true :: else fi;
  saved_copy[i] = NONE; saved_attempt[i] = 0; saved_holder[i] = 0
}

active proctype Faults() {
#if REVIVALS > 0
  bool revived, forgotten;  /* what the operator has done, and then seen of Redis */
#endif
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
       losses < LOSSES -> losses++; NOTE_LOSS;
       forget_copy(0); forget_copy(1); durable_id = false;
       cursor_token = 0; cursor_max = 0; cursor_xip = false;
       known[1] = alive[1]; known[2] = alive[2];
       printf("Redis: loses all its data\n")
     }
#if RERUNS > 0
  :: atomic {  /* what had not ended, or was not on the disk or the standby, is gone, and its ids with it */
       reruns < RERUNS && !job_running && (job_xid == 0 || committed) && lock == 0 -> reruns++;
       xids = (committed -> job_xid : 0); other_xid = 0; snapshot_max = xids + 1;
#ifndef SOURCE_REMEMBERED
       cursor_token = 0; cursor_max = 0; cursor_xip = false;  /* there is none of this run */
#endif
       printf("PostgreSQL: is started again; the next transaction is %d\n", xids + 1)
     }
#endif
#if FALLBACKS > 0
  :: atomic {
       !saved && fallbacks < FALLBACKS -> saved = true;
       saved_copy[0] = copy[0]; saved_attempt[0] = copy_attempt[0]; saved_holder[0] = copy_holder[0];
       saved_copy[1] = copy[1]; saved_attempt[1] = copy_attempt[1]; saved_holder[1] = copy_holder[1];
       saved_known[1] = known[1]; saved_known[2] = known[2];
       saved_id = durable_id; saved_token = cursor_token; saved_max = cursor_max; saved_xip = cursor_xip;
       printf("Redis: writes its data to the disk\n")
     }
  :: atomic {
       saved -> saved = false; fallbacks++; NOTE_LOSS;
       known[1] = alive[1] || saved_known[1]; known[2] = alive[2] || saved_known[2];
       saved_known[1] = false; saved_known[2] = false;
       restore(0); restore(1);
       durable_id = saved_id; cursor_token = saved_token; cursor_max = saved_max; cursor_xip = saved_xip;
       saved_id = false; saved_token = 0; saved_max = 0; saved_xip = false;
       printf("Redis: falls back to what is on the disk\n")
     }
#endif
#if REVIVALS > 0
  :: atomic {
       dead && revivals < REVIVALS -> revivals++; dead = false; row = 1; row_revived = true;
       counted[1] = false; counted[2] = false;
       xids++; job_xid = xids; snapshot_max = xids + 1;
       printf("operator: brings the job back from the dead\n");
       if :: revived = true :: true fi  /* or it dies here */
     }
#ifdef LOOKS_BEFORE_IT_REVIVES
  :: atomic { dead && !forgotten && !durable_id -> forgotten = true; printf("operator: Redis does not have the job\n") }
#else
  :: atomic {
       revived && !forgotten ->
       if
       :: !durable_id -> forgotten = true; printf("operator: Redis does not have the job any more\n")
       :: else -> revived = false; printf("operator: Redis has the job still, so the relay has to bring it\n")
       fi
     }
#endif
  :: atomic {
       revived && forgotten && row_revived -> row_revived = false;
       printf("operator: takes back that the row was dead\n")
     }
  :: atomic {
       revived && forgotten && !row_revived -> revived = false; forgotten = false;
       printf("operator: pushes it to Redis\n");
       if :: row == 1 -> push(1) :: else fi
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
#elif PROBE == 6
  REQUIRE(effects == 0 || request != TOO_LATE || crashes == 0, "VIOLATED: probe\n")
#elif PROBE == 7
  REQUIRE(request != CANCELLED || failures < 2, "VIOLATED: probe\n")
#elif PROBE == 5
  REQUIRE(effects == 0 || phantoms == 0 || failures == 0, "VIOLATED: probe\n")
#else
  REQUIRE(committed || !dead, "VIOLATED: a job that was rolled back is dead\n");
#ifdef ON_COMMIT
  REQUIRE(!committed || !sent || data_lost || effects == 1 || dead || IS_CANCELLED, "VIOLATED: the job is lost, or waits for ever\n");
#else
  REQUIRE(!committed || effects == 1 || dead || IS_CANCELLED, "VIOLATED: the job is lost, or waits for ever\n");
  REQUIRE(effects == 0 || !dead, "VIOLATED: a job is dead and has taken effect\n");
  REQUIRE(!dead || !IS_CANCELLED, "VIOLATED: a job that was cancelled is dead\n");
#endif
#if CANCELS > 0
  REQUIRE(request != REQUESTED, "VIOLATED: a request to cancel is forgotten\n");
#endif
#ifndef LEFTOVERS_ALLOWED
#ifdef ON_COMMIT  /* if Redis has forgotten the job as well, nobody meets a session that still has it */
#define LOCK_LEFT (lock != 0 && !data_lost)
#else
#define LOCK_LEFT (lock != 0)
#endif
  REQUIRE(row == 0 && !LOCK_LEFT, "VIOLATED: a row or a lock of a job that is done is left over\n");
  REQUIRE(copy[0] == NONE && copy[1] == NONE && !durable_id, "VIOLATED: a job that is done is left over in Redis\n")
#endif
#endif
}
