'use strict';
const { Queue } = require('bullmq');
const { connect, queueName } = require('./connection');

exports.open = async () => {
  const connection = connect();
  const queue = new Queue(queueName, { connection });
  await queue.waitUntilReady();
  const options = (delay) => (delay > 0 ? { delay } : undefined);
  return {
    add: (number, delay) => queue.add('job', [number, 'welcome'], options(delay)),
    addBulk(numbers, delay) {
      const opts = options(delay);
      return queue.addBulk(numbers.map((number) => ({ name: 'job', data: [number, 'welcome'], opts })));
    },
    async close() {
      await queue.close();
      connection.disconnect();
    },
  };
};
