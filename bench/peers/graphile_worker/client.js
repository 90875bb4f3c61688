'use strict';
const { makeWorkerUtils } = require('graphile-worker');
const { logger } = require('./logger');

// The documented SQL interface. As a prepared statement it is faster than the library's addJob(), whose
// statement is parsed and planned anew each time.
const add = (connection, number, runAt) =>
  connection.query({
    name: 'add_job',
    text: 'SELECT graphile_worker.add_job($1, payload => $2::json, run_at => $3::timestamptz)',
    values: ['job', JSON.stringify([number, 'welcome']), runAt],
  });

const due = (delayMs) => (delayMs > 0 ? new Date(Date.now() + delayMs) : undefined);

exports.open = async () => {
  const utils = await makeWorkerUtils({
    preset: { worker: { connectionString: process.env.DATABASE_URL, maxPoolSize: 2, logger } },
  });
  await utils.migrate();
  return {
    add: (number, delay) => utils.withPgClient((connection) => add(connection, number, due(delay))),
    addBulk: (numbers, delay) =>
      utils.addJobs(
        numbers.map((number) => ({ identifier: 'job', payload: [number, 'welcome'], runAt: due(delay) })),
      ),
    addInTransaction: (connection, number) => add(connection, number),
    close: () => utils.release(),
  };
};
