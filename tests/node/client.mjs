// Jobs asked for from Node in transactions of `pg`; run by client_test.py, which has made the tables and started a worker.
//
// usage: DATABASE_URL=... SCHEMA=... node client.mjs
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';

import { ConfigError, UsageError, task } from '../../node/index.js';

const pg = createRequire(import.meta.url)('pg');  // from NODE_PATH as well
const { DATABASE_URL: connectionString, SCHEMA: schema } = process.env;
const insert = task('insert', { schema });

async function withClient(body) {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    await body(client);
  } finally {
    await client.end();
  }
}

const envelopes = async (client, where) => (await client.query(
  `SELECT envelope FROM "${schema}".job WHERE ${where} ORDER BY id`)).rows.map((row) => JSON.parse(row.envelope));

test('a job exists if, and only if, its transaction commits', () => withClient(async (client) => {
  await client.query('BEGIN');
  await client.query('INSERT INTO orders(id) VALUES (1)');
  const id = await task('read_order', { schema }).delay(client, 1);
  assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7/);
  await client.query('SAVEPOINT before');
  await insert.delay(client, 2);
  await client.query('ROLLBACK TO before');
  await client.query('COMMIT');
  await client.query('BEGIN');
  await insert.delay(client, 3);
  await client.query('ROLLBACK');
  await client.query('BEGIN');
  await insert.delay(client, 4n);
  await client.query('COMMIT');
}));

test('a job has the options of its task', () => withClient(async (client) => {
  await client.query('BEGIN');
  await insert.with({ queue: 'later', countdown: 3600000, maxRetries: 3, priority: 'high', headers: { tenant: 'blau' }, limitKey: 'k' })
    .delay(client, 7);
  const [job] = await envelopes(client, "queue = 'later'");
  assert.deepEqual([job.task, job.args, job.max_retries, job.priority, job.headers, job.limit_key],
    ['insert', [7], 3, 1, { tenant: 'blau' }, 'k']);
  await client.query('ROLLBACK');
}));

test('arguments arrive to the last digit, in one statement for many', () => withClient(async (client) => {
  await client.query('BEGIN');
  let statements = 0;
  const counting = { query: (sql, values) => { statements += 1; return client.query(sql, values); } };
  const ids = await insert.with({ queue: 'many' }).delayMany(counting, [[2n ** 63n - 1n, 0.1, 'Grüße \u{1f600}'], [null, { a: [-0] }]]);
  assert.equal(statements, 1);
  const { rows } = await client.query(`SELECT id, envelope FROM "${schema}".job WHERE queue = 'many' ORDER BY id`);
  assert.deepEqual(rows.map((row) => row.id), ids);
  assert.ok(rows[0].envelope.includes('"args":[9223372036854775807,0.1,"Grüße \u{1f600}"]'), rows[0].envelope);
  assert.ok(rows[1].envelope.includes('"args":[null,{"a":[-0.0]}]'), rows[1].envelope);
  await client.query('ROLLBACK');
}));

test('what cannot be sent is refused before it is', () => withClient(async (client) => {
  const never = { query: () => assert.fail('nothing is sent') };
  for (const wrong of [NaN, Infinity, 2 ** 53, undefined, () => 1, new Map(), Symbol('x')]) {
    await assert.rejects(insert.delay(never, wrong), { name: 'UsageError', message: /^cannot enqueue task 'insert': args\[0\] is/ });
  }
  for (const [wrong, path] of [
    [new Date(NaN), 'args[0] is a Date of no time'],
    [{ a: undefined }, 'args[0].a is undefined'],
    [[1, , 2], 'args[0][1] is undefined'],
    [{ a: [{ b: new Date('soon') }] }, 'args[0].a[0].b is a Date of no time'],
  ]) {
    await assert.rejects(insert.delay(never, wrong), { name: 'UsageError',
      message: `cannot enqueue task 'insert': ${path}, which JSON has no form for` });
  }
  await assert.rejects(insert.delayMany(never, new Array(1)), /args is undefined/);
  await assert.rejects(insert.with({ headers: { tenant: undefined } }).delay(never, 1), /headers\.tenant is undefined/);
  await assert.rejects(insert.with({ countdown: 'soon' }).delay(never, 1), /countdown is no number of milliseconds/);
  await assert.rejects(insert.delay({}, 1), /the first argument is no client of pg/);
  await assert.rejects(insert.delay(new pg.Pool({ connectionString }), 1), /give the client that has the transaction/);
  assert.throws(() => task('insert', { queu: 'mail' }), UsageError);
  await assert.rejects(task('in sert', { schema }).delay(client, 1), /task 'in sert' is not a name\. A name has 1 to 64/);
  await assert.rejects(task('insert', { schema: 'nowhere' }).delay(client, 1), (error) => error instanceof ConfigError &&
    error.message.includes('run `aftercommit migrate --schema nowhere`'));
}));
