/* redis.pml: part of job.pml: the steps of Redis. */

/* --- Steps of Redis, each one script. */

inline forget_copy(i) {
  copy[i] = NONE; copy_attempt[i] = 0; copy_holder[i] = 0; copy_aged[i] = 0
}

inline add_copy(n) {
  if
  :: copy[0] == NONE -> copy[0] = READY; copy_attempt[0] = n
  :: copy[0] != NONE && copy[1] == NONE -> copy[1] = READY; copy_attempt[1] = n
  :: else ->
#ifndef LEDGER
     assert(row == 0)  /* else the model has too few copies; a copy without a row is only ever acknowledged */
#endif
  fi
}

inline push(n) {
#if defined(ON_COMMIT) || defined(PUSH_WITHOUT_SET)
  add_copy(n)
#else
  if
  :: !durable_id -> add_copy(n); durable_id = true
  :: else -> printf("    Redis has the job already\n")
  fi
#endif
}

/* By the relay: what is there may be the copy that died, so one that was brought back is added all the same. */
inline bring(n, again) {
  if
  :: again -> printf("    though Redis has its id\n"); add_copy(n)
  :: else -> push(n)
  fi
}

#ifdef UNFENCED_SETTLE
#define MINE(i) (i < 2 && copy[i] == HELD)
#else
#define MINE(i) (i < 2 && copy[i] == HELD && copy_holder[i] == me && copy_aged[i] == 0)
#endif

/* Delayed jobs are told apart by their payload: the same attempt waits once. */
inline delay(i, state, n) {
  if
  :: copy[1 - i] == DELAYED && copy_attempt[1 - i] == n -> forget_copy(i)
  :: copy[1 - i] == PUT_OFF && copy_attempt[1 - i] == n -> copy[1 - i] = state; forget_copy(i)
  :: else -> copy[i] = state; copy_attempt[i] = n; copy_holder[i] = 0; copy_aged[i] = 0
  fi
}

/* So are those that stand aside, apart from the delayed ones. */
inline put_aside(i, n) {
  if
  :: copy[1 - i] == ASIDE && copy_attempt[1 - i] == n -> forget_copy(i)
  :: else -> copy[i] = ASIDE; copy_attempt[i] = n; copy_holder[i] = 0; copy_aged[i] = 0
  fi
}

inline recover(w) {
  if
  :: copy[0] == HELD && copy_holder[0] == w -> copy[0] = READY; copy_holder[0] = 0; copy_aged[0] = 0
  :: else
  fi;
  if
  :: copy[1] == HELD && copy_holder[1] == w -> copy[1] = READY; copy_holder[1] = 0; copy_aged[1] = 0
  :: else
  fi;
  printf("recoverer: puts back what worker %d held\n", w);
  if :: !alive[w] -> known[w] = false :: else fi
}
