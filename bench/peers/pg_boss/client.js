'use strict';
const { openPool } = require('../shared/database');
const { adapter, queueName, startBoss } = require('./boss');

const job = (number, delayMs) => ({
  data: [number, 'welcome'],
  startAfter: delayMs > 0 ? new Date(Date.now() + delayMs) : undefined,
});

exports.open = async (action) => {
  const pool = openPool(1);
  const boss = await startBoss({ db: adapter(pool), notify: action === 'paced' });
  const send = (number, delayMs, options) => {
    const { data, startAfter } = job(number, delayMs);
    return boss.send(queueName, data, { startAfter, ...options });
  };
  return {
    add: send,
    addBulk: (numbers, delayMs) => boss.insert(queueName, numbers.map((number) => job(number, delayMs))),
    addInTransaction: (connection, number) => send(number, 0, { db: adapter(connection) }),
    async close() {
      await boss.stop({ graceful: false });
      await pool.end();
    },
  };
};
