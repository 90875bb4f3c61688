// A started pg-boss and its queue, with what is set alike on all sides.
'use strict';
const { PgBoss } = require('pg-boss');

const queueName = 'bench';
exports.queueName = queueName;

// What an application's own connection, or pool of them, looks like to pg-boss. Its own pool prepares
// nothing, which makes its long statements slower by a fifth or more.
const names = new Map(); // by text
exports.adapter = (connection) => ({
  executeSql(text, values) {
    if (!values?.length) return connection.query(text); // may be several statements
    if (!names.has(text)) names.set(text, `boss_${names.size}`);
    return connection.query({ name: names.get(text), text, values });
  },
});

// NOTIFY wakes an idle worker at once, but makes commits wait for one another: off by default, and on here
// where jobs come one at a time. Both sides make the queue, for either may be first.
exports.startBoss = async ({ notify = false, ...options }) => {
  const boss = new PgBoss({
    connectionString: process.env.DATABASE_URL,
    schedule: false, // no cron
    supervise: false, // no maintenance during so short a run
    ...options,
  });
  boss.on('error', (error) => console.error(error));
  await boss.start();
  await boss.createQueue(queueName, { notify });
  return boss;
};
