// Enqueues from Node: one job that is committed, one that is rolled back, one whose savepoint is.
// By hand, for `pg` comes from the network: docs/guide/sql.md says how.
//
// usage: DATABASE_URL=... [SCHEMA=aftercommit] node enqueue_node.mjs COMMITTED ROLLED_BACK SAVEPOINT
import pg from 'pg';

const [committed, rolledBack, savepoint] = process.argv.slice(2).map(Number);
const client = new pg.Client({ connectionString: process.env.DATABASE_URL });
const enqueueCall = `SELECT ${client.escapeIdentifier(process.env.SCHEMA ?? 'aftercommit')}.enqueue($1, $2) AS id`;

const enqueue = async (task, ...args) => (await client.query(enqueueCall, [task, JSON.stringify(args)])).rows[0].id;

async function order(number) {
  await client.query('INSERT INTO orders(id) VALUES ($1)', [number]);
  return enqueue('read_order', number);
}

await client.connect();

await client.query('BEGIN');
await order(committed);
await client.query('SAVEPOINT attempt');
await enqueue('insert', savepoint);
await client.query('ROLLBACK TO attempt');
await client.query('COMMIT');

await client.query('BEGIN');
await order(rolledBack);
await client.query('ROLLBACK');

await client.end();
console.log(`Node: committed ${committed}, rolled back ${rolledBack} and savepoint ${savepoint}`);
