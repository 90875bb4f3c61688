// The library writes a line for every job; keep errors.
'use strict';
const { Logger } = require('graphile-worker');

exports.logger = new Logger(() => (level, message) => {
  if (level === 'error') console.error(message);
});
