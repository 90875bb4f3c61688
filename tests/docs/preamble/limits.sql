-- What a worker has entered when it started.
INSERT INTO aftercommit.limits (name, kind, declared_most, per_ms, burst, per_key) VALUES
  ('bank', 'rate', 10, 1000, 1, false), ('charge.concurrency', 'concurrency', 1, NULL, NULL, true);
