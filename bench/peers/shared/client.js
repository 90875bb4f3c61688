// The client side of the figures, the same for every peer from npm. See processes.py for what an action does.
// A peer's client.js exports open(action), which answers
//   add(number, delayMs)        enqueue one job and wait for it
//   addBulk(numbers, delayMs)   the same for many
//   addInTransaction(connection, number), where the peer has it
//   close()
'use strict';
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
const { commitEffect, connect } = require('./database');

const BULK = 1000;
const WARM_UP = 2000; // jobs, untimed, until the code is compiled; a client in production runs for days

const now = () => Number(process.hrtime.bigint());

async function one(queue, jobs) {
  for (let number = 0; number < jobs; number++) await queue.add(number, 0);
}

async function bulk(queue, jobs, delayMs = 0) {
  for (let from = 0; from < jobs; from += BULK) {
    const numbers = Array.from({ length: Math.min(BULK, jobs - from) }, (_, i) => from + i);
    await queue.addBulk(numbers, delayMs);
  }
}

async function paced(queue, jobs, countdownMs) {
  for (let i = 0; i < jobs; i++) {
    await queue.add(now() + countdownMs * 1e6, countdownMs);
    await sleep(5 + 5 * Math.random());
  }
}

// Each client has a connection of its own and takes the next number that is left.
async function tx(queue, jobs, clients) {
  const connections = await Promise.all(Array.from({ length: clients }, connect));
  let next = 0;
  const enqueueAll = async (connection) => {
    for (let number = next++; number < jobs; number = next++) {
      await commitEffect(connection, number, () => queue.addInTransaction(connection, number));
    }
  };
  const seconds = await timed(() => Promise.all(connections.map(enqueueAll)));
  await Promise.all(connections.map((connection) => connection.end()));
  return seconds;
}

async function timed(work) {
  const start = now();
  await work();
  return (now() - start) / 1e9;
}

const actions = {
  async one(queue, jobs) {
    await one(queue, WARM_UP);
    return timed(() => one(queue, jobs));
  },
  async bulk(queue, jobs) {
    await bulk(queue, WARM_UP);
    return timed(() => bulk(queue, jobs));
  },
  fill: (queue, jobs) => timed(() => bulk(queue, jobs)),
  delayed: (queue, jobs, delayMs) => timed(() => bulk(queue, jobs, delayMs)),
  paced: (queue, jobs, countdownMs) => timed(() => paced(queue, jobs, countdownMs)),
  tx,
};

async function main([folder, action, jobs, argument]) {
  const queue = await require(path.resolve(folder, 'client.js')).open(action);
  const seconds = await actions[action](queue, Number(jobs), Number(argument));
  await queue.close();
  console.log(JSON.stringify({ seconds }));
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exit(1);
});
