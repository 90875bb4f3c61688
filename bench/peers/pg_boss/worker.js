'use strict';
const { setTimeout: sleep } = require('node:timers/promises');
const { openPool, withConnection } = require('../shared/database');
const { adapter, queueName, startBoss } = require('./boss');

const POLL_MS = 500; // the shortest that pg-boss allows
const POLLERS = 25; // for countdown

const forEach = (run) => async (jobs) => {
  for (const { data: [number] } of jobs) run(number);
};

// Four batches at a time, so that fetching, running and completing overlap.
const batched = { localConcurrency: 4, burstWhenBatchFull: true, pollingIntervalSeconds: POLL_MS / 1000 };

const starts = {
  async drain({ connections, run }) {
    const boss = await startBoss({ max: connections });
    await boss.work(queueName, { ...batched, batchSize: 1000 }, forEach(run));
  },

  // Jobs and pg-boss share the connections.
  async insert({ connections, run }) {
    const pool = openPool(connections);
    const boss = await startBoss({ db: adapter(pool) });
    const job = ({ data: [number] }) => withConnection(pool, (connection) => run(number, connection));
    await boss.work(queueName, { ...batched, batchSize: 500 }, (jobs) => Promise.all(jobs.map(job)));
  },

  async latency({ connections, run }) {
    const boss = await startBoss({ max: connections, notify: true, useListenNotify: true });
    await boss.work(queueName, { localConcurrency: 2 }, forEach(run));
  },

  // A job that comes due is found by polling alone, so let many poll, one shortly after the other.
  async countdown({ connections, run }) {
    const boss = await startBoss({ max: connections });
    for (let i = 0; i < POLLERS; i++) {
      await boss.work(queueName, { batchSize: 100, pollingIntervalSeconds: POLL_MS / 1000 }, forEach(run));
      await sleep(POLL_MS / POLLERS);
    }
  },
};

exports.start = (worker) => starts[worker.figure](worker);
