// The worker side of the figures, the same for every peer from npm. Its environment: processes.py.
// A peer's worker.js exports start({figure, connections, run}), which resolves once the worker waits for
// jobs. It calls run(number) for each, and run(number, connection) for the figure insert.
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const { commitEffect } = require('./database');

const figure = process.env.BENCH_FIGURE;
const jobs = Number(process.env.BENCH_JOBS);
const connections = Number(process.env.BENCH_CONNECTIONS);

const now = () => Number(process.hrtime.bigint());

const report = (line) => fs.appendFileSync(process.env.BENCH_REPORT, JSON.stringify(line) + '\n');

// Only the first and the last of the jobs look at the clock, and a job run twice counts once.
function drain() {
  const ran = new Uint8Array(jobs);
  let left = jobs;
  let first_ns;
  return (number) => {
    if (ran[number]) return;
    ran[number] = 1;
    if (left === jobs) first_ns = now();
    if (--left === 0) report({ first_ns, last_ns: now() });
  };
}

function late() {
  const late_ns = [];
  return (due) => {
    late_ns.push(now() - due);
    if (late_ns.length === jobs) report({ late_ns });
  };
}

const insert = () => (number, connection) => commitEffect(connection, number);

const run = { drain, latency: late, countdown: late, insert }[figure]();

require(path.resolve(process.argv[2], 'worker.js'))
  .start({ figure, connections, run })
  .then(() => report({ ready: true }))
  .catch((error) => {
    console.error(error);
    process.exit(1);
  });

process.on('SIGTERM', () => process.exit(0)); // nothing to finish: the figure has been taken
