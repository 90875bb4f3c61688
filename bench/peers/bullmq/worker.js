'use strict';
const { Worker } = require('bullmq');
const { openPool, withConnection } = require('../shared/database');
const { connect, queueName } = require('./connection');

const CONCURRENCY = 100; // jobs under way at once, so that fetching and settling overlap; more gains nothing

// Jobs that are done are forgotten, as the other queues do. Said here rather than with each job, it takes no
// room in Redis.
const forget = { removeOnComplete: { count: 0 }, removeOnFail: { count: 0 } };

exports.start = async ({ figure, connections, run }) => {
  const insert = figure === 'insert';
  const pool = openPool(connections);
  const job = insert
    ? async ({ data: [number] }) => withConnection(pool, (connection) => run(number, connection))
    : async ({ data: [number] }) => run(number);
  const concurrency = insert ? connections : CONCURRENCY;
  const worker = new Worker(queueName, job, { connection: connect(), concurrency, ...forget });
  await worker.waitUntilReady();
};
