-- The table of the application on this page, and the job that its command cancels.
CREATE TABLE orders(id bigint PRIMARY KEY, cancelled boolean, reminder_job uuid);
INSERT INTO orders VALUES (42, false, aftercommit.enqueue('remind', '[42]', queue => 'mail', countdown => interval '1 day',
                                                          id => '01a1fe0f-eacf-733b-b81e-04ebd4c4f54c'));
