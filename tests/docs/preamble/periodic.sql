INSERT INTO aftercommit.periodic (app, name, task, schedule, zone, missed, envelope, next_at)
VALUES ('shop', 'nightly report', 'send_report', '0 3 * * *', 'Europe/Berlin', 'once',
        '{"v":1,"id":"00000000-0000-0000-0000-000000000000","task":"send_report","args":["sales"],"queue":"reports","enqueued_at":0,"durable":true}',
        now() + interval '5 hours');
