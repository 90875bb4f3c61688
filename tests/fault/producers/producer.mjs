// Asks for jobs from Node in transactions of `pg`, to be killed by tests; found by NODE_PATH as well.
//
// usage: node producer.mjs INTENTS SEED FIRST COUNT [PAUSE_MS]
//
// Finds the database in DATABASE_URL; goes on whatever that answers.  What it writes to INTENTS is as in harness/intent.cpp.
import { openSync, writeSync, fdatasyncSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

import { task } from '../../../node/index.js';

const pg = createRequire(import.meta.url)('pg');
const [path, seed, first, count, pauseMs = '0'] = process.argv.slice(2);
const UNKNOWN = 0, OK = 1, ROLLED_BACK = 3, ERROR = 4;  // as in harness/intent.hpp
const SLOTS = 16;
const tasks = { ok: task('ok', { queue: 'load' }), fail_once: task('fail_once', { queue: 'load' }) };
const file = openSync(path, 'a');

function append(line) {
  writeSync(file, `${JSON.stringify(line)}\n`);
  fdatasyncSync(file);
}

// Draws from the seed and the number of a transaction alone.
function diceOf(number) {
  let n = 0;
  const next = () => createHash('sha256').update(`${seed} ${number} ${n++}`).digest().readUInt32BE() / 2 ** 32;
  return { falls: (share) => next() < share, between: (least, most) => least + Math.floor(next() * (most - least + 1)) };
}

async function ask(client, dice, intent, rolledBack = false) {
  const name = dice.falls(0.1) ? 'fail_once' : 'ok';
  const countdown = dice.falls(0.2) ? dice.between(100, 1500) : 0;
  const asked = Date.now();
  const id = await tasks[name].with({ countdown }).delay(client, dice.between(0, SLOTS - 1));
  intent.jobs.push({ id, task: name, durable: true, rolled_back: rolledBack, asked_ms: asked, countdown_ms: countdown });
}

let client = null;

async function produce(number) {
  const dice = diceOf(number);
  const intent = { tx: number, commits: !dice.falls(0.3), jobs: [] };
  let outcome = ERROR;
  try {
    if (client === null) {
      const made = new pg.Client({ connectionString: process.env.DATABASE_URL });
      made.on('error', () => {});  // the next query says so as well
      await made.connect();
      client = made;
    }
    await client.query('BEGIN');
    await client.query('INSERT INTO biz(tx) VALUES ($1)', [number]);
    for (let left = dice.between(1, 3); left > 0; --left) await ask(client, dice, intent);
    if (dice.falls(0.2)) {
      await client.query('SAVEPOINT in_vain');
      await ask(client, dice, intent, true);
      await client.query('ROLLBACK TO in_vain');
    }
    append(intent);
    if (intent.commits) {
      outcome = UNKNOWN;
      await client.query('COMMIT');
      outcome = OK;
    } else {
      await client.query('ROLLBACK');
      outcome = ROLLED_BACK;
    }
  } catch {
    client?.end().catch(() => {});
    client = null;
  }
  append({ tx: number, outcome, unsent: [] });
  return outcome;
}

for (let number = Number(first); number < Number(first) + Number(count); ++number) {
  if (await produce(number) === ERROR) await pause(50);  // do not burn all transactions on a server that is away
  await pause(Number(pauseMs));
}
process.exit(0);
