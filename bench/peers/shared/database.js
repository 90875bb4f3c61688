// The effect of a job, one INSERT, and connections for it.
'use strict';
const { Client, Pool } = require('pg');

const connectionString = process.env.DATABASE_URL;

exports.connect = async () => {
  const connection = new Client({ connectionString });
  await connection.connect();
  return connection;
};

exports.openPool = (connections) => new Pool({ connectionString, max: connections });

exports.withConnection = async (pool, work) => {
  const connection = await pool.connect();
  try {
    return await work(connection);
  } finally {
    connection.release();
  }
};

// In a transaction of its own, in which `more` is done too if it is given.
exports.commitEffect = async (connection, number, more) => {
  await connection.query('BEGIN');
  await connection.query({
    name: 'effect',
    text: 'INSERT INTO bench_effect (id, name) VALUES ($1, $2)',
    values: [number, 'welcome'],
  });
  await more?.();
  await connection.query('COMMIT');
};
