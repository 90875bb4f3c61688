-- The dead jobs of docs/guide/operating.md; the rest is in operating.sh.
INSERT INTO aftercommit.dead (id, queue, died_at, letter) VALUES
  ('01a1fe0f-eacf-733b-b81e-04ebd4c4f54c', 'mail', '2026-11-21 12:23:38.567+00',
   '{"v":1,"cause":"retries_exhausted","reason":"mail server is down","worker":"vm-30605-f538c8177776","at":1795263818567,"entry":"1795263818500-0","job":{"v":1,"id":"01a1fe0f-eacf-733b-b81e-04ebd4c4f54c","task":"send_receipt","args":[8],"queue":"mail","enqueued_at":1795263818447,"attempt":2,"durable":true,"errors":[{"attempt":1,"at":1795263818463,"worker":"vm-30605-f538c8177776","error":"mail server is down","type":"std::runtime_error"},{"attempt":2,"at":1795263818566,"worker":"vm-30605-f538c8177776","error":"mail server is down","type":"std::runtime_error"}]}}'),
  ('01a1fe0f-eaa5-7768-bb81-eff7a73509a7', 'mail', '2026-11-21 12:23:38.431+00',
   '{"v":1,"cause":"rejected","reason":"no such order","worker":"vm-30605-f538c8177776","at":1795263818431,"entry":"1795263818420-0","job":{"v":1,"id":"01a1fe0f-eaa5-7768-bb81-eff7a73509a7","task":"send_receipt","args":[7],"queue":"mail","enqueued_at":1795263818405,"durable":true,"errors":[{"attempt":1,"at":1795263818431,"worker":"vm-30605-f538c8177776","error":"no such order","type":"aftercommit::Reject"}]}}');
-- What a job of long ago wrote, with a history of that.
CREATE TABLE orders (id bigint PRIMARY KEY);
WITH written AS (INSERT INTO orders VALUES (42))
INSERT INTO aftercommit.history (xid, id, task, queue, attempt, asked_in, worker) VALUES
  (pg_current_xact_id(), '01a1fe0f-eb0c-74c5-8a21-1c2f4bb1e9d7', 'send_receipt', 'mail', 1, '771', 'vm-30605-f538c8177776');
