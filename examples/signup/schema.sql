-- The tables of the example. May be run again at any time: what exists stays.

CREATE TABLE IF NOT EXISTS users (
  id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  email     text NOT NULL,
  kind      text NOT NULL CHECK (kind IN ('naive', 'safe')),  -- which way the signup asked for its mail
  remind_at timestamptz NOT NULL
);

-- What the tasks did, each row written by the transaction of the task: there only if the task succeeded.
CREATE TABLE IF NOT EXISTS mail_sent (
  job_id  uuid NOT NULL,
  user_id bigint NOT NULL,
  attempt integer NOT NULL,
  sent_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS crm_update (
  job_id  uuid NOT NULL,
  user_id bigint NOT NULL,
  attempt integer NOT NULL
);
CREATE TABLE IF NOT EXISTS reminder_sent (
  job_id  uuid NOT NULL,
  user_id bigint NOT NULL,
  late    interval NOT NULL  -- how long after remind_at the task began
);

-- Orders, and what the steps of their flows have done: each row of order_step by the transaction of its step.
CREATE TABLE IF NOT EXISTS orders (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  item        text NOT NULL,
  state       text NOT NULL DEFAULT 'new',
  flow        uuid,
  label       bigint,
  approved_by text
);
CREATE TABLE IF NOT EXISTS order_step (
  order_id bigint NOT NULL,
  step     text NOT NULL,
  worker   integer NOT NULL,  -- its process
  done_at  timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS label (  -- what the carrier outside remembers
  id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  flow uuid NOT NULL
);

-- What must be known even of work that is rolled back, each row written in a transaction of its own.
CREATE TABLE IF NOT EXISTS task_run (
  job_id     uuid NOT NULL,
  task       text NOT NULL,
  user_id    bigint NOT NULL,
  attempt    integer NOT NULL,
  found_user boolean NOT NULL,  -- false: at that moment the task saw no such user
  started_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS failed_request (
  path      text NOT NULL,
  reason    text NOT NULL,
  failed_at timestamptz NOT NULL DEFAULT now()
);

-- All of the above in two lines, naive and safe. Users are never deleted, so a task that ran for a user who is not
-- there now ran for a signup that was rolled back (or, while requests are still under way, not yet committed).
CREATE OR REPLACE VIEW summary AS
SELECT
  kind,
  (SELECT count(*) FROM users u WHERE u.kind = side.kind) AS committed,
  (SELECT count(*) FROM failed_request WHERE path = fail_path) AS rolled_back,
  (SELECT count(*) FROM task_run WHERE task = mail_task) AS mail_runs,
  (SELECT count(*) FROM task_run r JOIN users u ON u.id = r.user_id
    WHERE task = ANY (tasks) AND NOT found_user) AS found_no_user,
  (SELECT count(*) FROM task_run r
    WHERE task = ANY (tasks) AND NOT EXISTS (SELECT FROM users u WHERE u.id = r.user_id)) AS ran_though_rolled_back,
  (SELECT count(*) FROM users u
    WHERE u.kind = side.kind AND NOT EXISTS (SELECT FROM mail_sent m WHERE m.user_id = u.id)) AS without_mail,
  (SELECT count(*) FROM task_run WHERE task = ANY (tasks) AND attempt > 1) AS retries,
  (SELECT count(*) FROM crm_update c JOIN users u ON u.id = c.user_id WHERE u.kind = side.kind) AS crm_updates,
  (SELECT count(*) FROM crm_update c JOIN users u ON u.id = c.user_id
    WHERE u.kind = side.kind AND attempt = 3) AS crm_updates_on_attempt_3,
  (SELECT count(*) FROM reminder_sent s JOIN users u ON u.id = s.user_id WHERE u.kind = side.kind) AS reminders,
  (SELECT 1000 * extract(epoch FROM percentile_cont(0.50) WITHIN GROUP (ORDER BY late))
     FROM reminder_sent s JOIN users u ON u.id = s.user_id WHERE u.kind = side.kind) AS late_ms_p50,
  (SELECT 1000 * extract(epoch FROM percentile_cont(0.99) WITHIN GROUP (ORDER BY late))
     FROM reminder_sent s JOIN users u ON u.id = s.user_id WHERE u.kind = side.kind) AS late_ms_p99
FROM (VALUES
  ('naive', '/signup-naive-fail', 'send_welcome_mail_naive', ARRAY['send_welcome_mail_naive']),
  ('safe', '/signup-fail', 'send_welcome_mail', ARRAY['send_welcome_mail', 'update_crm', 'remind'])
) AS side (kind, fail_path, mail_task, tasks);
