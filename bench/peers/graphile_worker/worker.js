'use strict';
const { run: start } = require('graphile-worker');
const { logger } = require('./logger');

// Jobs are fetched and completed in batches, as the library recommends where many wait. Its own measurements
// fetch 500; for jobs as small as these 5,000 is faster.
const batched = { localQueue: { size: 5000 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 };

const settings = {
  drain: { ...batched, concurrentJobs: 24 },
  insert: { ...batched, concurrentJobs: 16 },
  latency: { concurrentJobs: 4 }, // a batch would keep a job waiting
  countdown: { concurrentJobs: 1, pollInterval: 5 }, // ms; a job that comes due is found by polling alone
};

exports.start = ({ figure, connections, run }) =>
  start({
    noHandleSignals: true,
    taskList: {
      job: ([number], { withPgClient }) =>
        figure === 'insert' ? withPgClient((connection) => run(number, connection)) : run(number),
    },
    preset: {
      worker: {
        connectionString: process.env.DATABASE_URL,
        maxPoolSize: connections,
        logger,
        ...settings[figure],
      },
    },
  });
