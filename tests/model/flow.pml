/* flow.pml: one flow (client/flows, worker/flows): a step, an event that it waits for, jobs that it waits for, a step, its end.
 * Each is a transaction that has the row of its job; what is done is a row of its own.  Two workers, who may have two copies.
 *
 * That a row is brought to a worker at all is shown by job.pml: here the relay brings what was woken, and everything again
 * where Redis has lost its data.
 */

#ifndef CRASHES   /* a worker is killed, at any statement */
#define CRASHES 1
#endif
#ifndef COPIES    /* a copy comes twice: a lease has ended early, or the relay has brought it once more */
#define COPIES 0
#endif
#ifndef LOSSES    /* Redis loses all its data */
#define LOSSES 0
#endif
#ifndef TIMEOUT   /* 1: the event may come too late */
#define TIMEOUT 0
#endif
#ifndef LOOKS     /* a flow that waits looks again by itself */
#define LOOKS 0
#endif

#define REQUIRE(condition, words) if :: !(condition) -> printf(words); assert(false) :: else fi
#define TWICE "VIOLATED: the effect is applied twice\n"
#define LOST "VIOLATED: the job is lost, or waits for ever\n"
#define WITHOUT_IT "VIOLATED: an event was given, and the flow has gone on without it\n"

#define ATTEMPTS 8
#define SIGNALLER 3
#define END 4
#define FIRST_STEP 0
#define EVENT 1
#define CHILDREN 2
#define LAST_STEP 3

/* --- PostgreSQL. */
bool row = true;
byte attempt = 1;        /* of the row */
byte lock;               /* whose transaction has it; 0: nobody's */
bool due_later;          /* it waits; else it is due */
bool due_over;           /* and is due when the time for the event is over */
bool done[4];            /* the rows of flow_step */
mtype = { NOBODY, WAITED, GIVEN, CLOSED };
mtype event = NOBODY;    /* as committed */
byte event_by;           /* whose transaction changes it */
bool over;               /* the time for it */
bool asked;              /* for the children, which are jobs by themselves */
bool child_done[3];
bool woken;              /* the row is as if inserted now: no relay has read it yet */

/* --- Redis. */
byte ready[ATTEMPTS];
bool delayed[ATTEMPTS];
bool swept = true;       /* the relay has read all rows since Redis is as it is */
byte epoch;              /* of its data */

/* For the properties alone. */
byte effects[4];
bool was_given, gone_on_without;
byte crashes, copies, losses, looks;

#ifdef NO_GUARD          /* nor the key of flow_step */
#define NO_KEY
#define MAY_DO(p) true
#else
#define MAY_DO(p) (row && attempt == a && lock == 0 && (p == END || !done[p]))
#endif
#ifdef NO_KEY
#define IS_DONE(p) false
#else
#define IS_DONE(p) done[p]
#endif

inline take_copy(n) { a = n; ready[n]--; its_epoch = epoch }
inline give_back(n) { if :: its_epoch == epoch -> ready[n]++ :: else fi }
inline unlock() { if :: lock == me -> lock = 0 :: else fi; if :: event_by == me -> event_by = 0 :: else fi }
inline die() { crashes++; unlock(); give_back(a); printf("worker %d: is killed\n", me) }
inline park(at) { attempt++; due_later = true; due_over = (at == EVENT); lock = 0; printf("worker %d: COMMIT, the flow waits (attempt %d)\n", me, attempt) }

proctype Worker(byte me) {
  byte a, place, its_epoch;
  bool all_done;
idle:
  atomic { a = 0; place = 0; all_done = false; its_epoch = 0 };
end:
  atomic {
    if
    :: ready[1] > 0 -> take_copy(1)
    :: ready[2] > 0 -> take_copy(2)
    :: ready[3] > 0 -> take_copy(3)
    :: ready[4] > 0 -> take_copy(4)
    :: ready[5] > 0 -> take_copy(5)
    :: ready[6] > 0 -> take_copy(6)
    :: ready[7] > 0 -> take_copy(7)
    fi;
    printf("worker %d: fetches attempt %d\n", me, a)
  };
  atomic {
    place = FIRST_STEP;
    do
    :: place < END && done[place] -> place++
    :: else -> break
    od;
    printf("worker %d: reads what is done, up to place %d\n", me, place)
  };
next:
  if
  :: atomic { crashes < CRASHES -> die(); goto idle }
  :: atomic {
       MAY_DO(place) ->
#ifndef NO_GUARD
       lock = me;
#endif
       printf("worker %d: BEGIN, place %d\n", me, place)
     }
  :: atomic { !MAY_DO(place) && row && attempt == a && (lock == 0 || lock == me) -> give_back(a); goto idle }  /* done by another */
  :: atomic { !MAY_DO(place) && !row -> goto idle }
  :: atomic {  /* the copy becomes what its row says */
       !MAY_DO(place) && row && attempt != a ->
       if
       :: its_epoch == epoch && due_later -> delayed[attempt] = true
       :: its_epoch == epoch && !due_later -> ready[attempt]++
       :: its_epoch != epoch
       fi;
       goto idle
     }
  /* put off while another transaction has the row: it waits here for that, as everything in between changes nothing */
  fi;
  if
  :: place == END ->
     if
     :: atomic { crashes < CRASHES -> die(); goto idle }
     :: atomic { true -> row = false; lock = 0; printf("worker %d: COMMIT, the end\n", me); goto idle }
     fi
  :: place == FIRST_STEP || place == LAST_STEP ->
     if
     :: atomic { crashes < CRASHES -> die(); goto idle }
     :: atomic {
          IS_DONE(place) -> unlock(); give_back(a); goto idle
        }
     :: atomic {
          !IS_DONE(place) -> effects[place]++; done[place] = true;
          REQUIRE(effects[place] <= 1, TWICE);
          unlock(); printf("worker %d: COMMIT, step %d\n", me, place); place++
        }
     fi;
     goto next
  :: place == EVENT ->
     if
     :: atomic { event_by != 0 -> unlock(); give_back(a); printf("worker %d: it is being given\n", me); goto idle }
     :: atomic { event_by == 0 && event == GIVEN -> done[EVENT] = true; lock = 0; printf("worker %d: COMMIT, the event\n", me); place++; goto next }
     :: atomic {
          event_by == 0 && event == WAITED && over ->
#ifndef CLOSED_WITHOUT_ITS_ROW
          event_by = me;
#endif
          printf("worker %d: it is too late\n", me)
        };
        if
        :: atomic { crashes < CRASHES -> die(); goto idle }
        :: atomic {
             true -> event = CLOSED; unlock(); done[EVENT] = true; gone_on_without = true;
             REQUIRE(!was_given, WITHOUT_IT);
             printf("worker %d: COMMIT, without the event\n", me); place++; goto next
           }
        fi
     :: atomic { event_by == 0 && event == WAITED && !over && attempt < ATTEMPTS - 1 -> park(EVENT); goto settle }
#ifdef LOOKS_THEN_WAITS  /* nothing of it is written down: who gives it cannot know, and it is not asked for again */
     :: atomic { event_by == 0 && event == NOBODY -> printf("worker %d: nobody has given it\n", me) };
        atomic { attempt < ATTEMPTS - 1 -> if :: event == NOBODY -> event = WAITED :: else fi; park(EVENT); goto settle }
#else
     :: atomic { event_by == 0 && event == NOBODY -> event_by = me; printf("worker %d: waits for the event\n", me) };
        if
        :: atomic { crashes < CRASHES -> die(); goto idle }
        :: atomic { attempt < ATTEMPTS - 1 -> event = WAITED; event_by = 0; park(EVENT); goto settle }
        fi
#endif
     fi
  :: place == CHILDREN && !asked ->
     if
     :: atomic { crashes < CRASHES -> die(); goto idle }
     :: atomic { true -> asked = true; lock = 0; printf("worker %d: COMMIT, asks for the children\n", me); goto next }
     fi
  :: place == CHILDREN && asked ->
     atomic { all_done = child_done[1] && child_done[2] };
     if
     :: atomic { all_done -> done[CHILDREN] = true; lock = 0; printf("worker %d: COMMIT, all children\n", me); place++; goto next }
     :: atomic { !all_done && attempt < ATTEMPTS - 1 -> park(CHILDREN) }
     fi
  fi;
settle:
  if
  :: atomic { crashes < CRASHES -> die(); goto idle }
  :: atomic { true -> if :: its_epoch == epoch -> delayed[a + 1] = true :: else fi; goto idle }
  fi
}

proctype Child(byte me) {
  bool wakes;
  atomic {
    asked ->
#ifdef LAST_CHILD_ALONE_WAKES
    wakes = child_done[3 - me]
#else
    wakes = true
#endif
  };
end:
  atomic {  /* the row of the flow is wanted for that */
    !wakes || lock == 0 ->
    child_done[me] = true;
    if :: wakes && row -> woken = true; due_later = false :: else fi;
    printf("child %d: COMMIT\n", me)
  }
}

proctype Signaller() {
  bool it_waits;
  byte tries;
again:
  atomic {
    event_by == 0 ->
    if
    :: event == CLOSED -> printf("signaller: too late\n"); goto told
    :: event != CLOSED -> it_waits = event == WAITED; event_by = SIGNALLER; tries++
    fi
  };
#ifndef WOKEN_BY_A_CALL
  if
  :: it_waits -> atomic { lock == 0 -> lock = SIGNALLER }
  :: !it_waits
  fi;
#endif
  if
  :: atomic {
       true -> event = GIVEN; event_by = 0; was_given = true; printf("signaller: COMMIT\n");
       REQUIRE(!gone_on_without, WITHOUT_IT);
#ifndef WOKEN_BY_A_CALL
       if :: it_waits -> woken = true; due_later = false; lock = 0 :: else fi
#endif
     }
  :: atomic {
       tries < 2 -> event_by = 0; it_waits = false; if :: lock == SIGNALLER -> lock = 0 :: else fi;
       printf("signaller: ROLLBACK\n"); goto again
     }
  fi;
#ifdef WOKEN_BY_A_CALL
  if
  :: atomic { it_waits -> ready[attempt]++; printf("signaller: wakes it\n") }
  :: atomic { it_waits && crashes < CRASHES -> crashes++; printf("signaller: dies before it wakes it\n") }
  :: !it_waits
  fi;
#endif
told:
  atomic { it_waits = false; tries = 0 }
}

proctype Relay() {
  byte its;
  bool later;
end:
  do
  :: atomic { woken -> woken = false; its = attempt };
     atomic { if :: row -> ready[its]++; delayed[its] = false; printf("relay: brings attempt %d\n", its) :: else fi; its = 0 }
  :: atomic { !swept -> its = attempt; later = due_later; swept = true };
     atomic {
       if
       :: row && later -> delayed[its] = true
       :: row && !later -> ready[its]++
       :: else
       fi;
       its = 0; later = false; printf("relay: brings all again\n")
     }
  od
}

inline promote(n) {
  delayed[n] = false; ready[n]++; printf("scheduler: attempt %d is due\n", n)
}

/* What the time brings, and faults that ask nobody. */
proctype World() {
  byte n;
end:
  do
  :: atomic { TIMEOUT == 1 && !over && event == WAITED -> over = true; printf("world: the time for the event is over\n") }
  :: atomic { over && due_over && delayed[attempt] -> promote(attempt) }
  :: atomic { looks < LOOKS && delayed[attempt] -> looks++; promote(attempt) }
  :: atomic { copies < COPIES && row -> copies++; ready[attempt]++; printf("world: a second copy of attempt %d\n", attempt) }
  :: atomic {
       losses < LOSSES -> losses++; epoch++; swept = false; n = 0;
       do
       :: n < ATTEMPTS -> ready[n] = 0; delayed[n] = false; n++
       :: else -> break
       od;
       n = 0; printf("world: Redis loses its data\n")
     }
  od
}

init {
  atomic {
    ready[1] = 1;
    run Worker(1); run Worker(2); run Signaller(); run Relay(); run World(); run Child(1); run Child(2)
  }
}

active proctype Quiescence() {
end:
  timeout ->
#if PROBE == 1
  REQUIRE(row || !gone_on_without || crashes == 0, "VIOLATED: probe\n")
#elif PROBE == 2
  REQUIRE(row || !was_given || losses == 0, "VIOLATED: probe\n")
#else
  REQUIRE(!row && lock == 0 && effects[FIRST_STEP] == 1 && effects[LAST_STEP] == 1 && child_done[1] && child_done[2], LOST);
  REQUIRE(gone_on_without == (event == CLOSED) && (was_given || gone_on_without), LOST)
#endif
}
