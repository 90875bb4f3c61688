'use strict';
const { Redis } = require('ioredis');

exports.queueName = 'bench';

// maxRetriesPerRequest: null is what BullMQ demands of a worker's connection.
exports.connect = () => new Redis(process.env.REDIS_URL, { maxRetriesPerRequest: null });
