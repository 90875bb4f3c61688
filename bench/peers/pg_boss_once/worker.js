'use strict';
const { setTimeout: sleep } = require('node:timers/promises');
const { commitEffect, openPool, withConnection } = require('../shared/database');
const { adapter, queueName, startBoss } = require('../pg_boss/boss');

// Many are fetched at once and each completed in its own transaction. pg-boss's own transactional worker
// either puts a whole batch into one transaction or, one by one, polls between jobs.
const BATCH = 200;

exports.start = async ({ connections }) => {
  const pool = openPool(connections);
  const boss = await startBoss({ db: adapter(pool) });
  const run = ({ id, data: [number] }) =>
    withConnection(pool, (connection) =>
      commitEffect(connection, number, () => boss.complete(queueName, id, null, { db: adapter(connection) })),
    );
  const runAll = async () => {
    while (true) {
      const jobs = await boss.fetch(queueName, { batchSize: BATCH });
      await Promise.all(jobs.map(run));
      if (jobs.length < BATCH) await sleep(100);
    }
  };
  runAll().catch((error) => {
    console.error(error);
    process.exit(1);
  });
};
