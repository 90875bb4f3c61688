-- The table of the application on this page.
CREATE TABLE orders(id bigint PRIMARY KEY, approved boolean, flow uuid);
INSERT INTO orders VALUES (42, false, '01a1fe0f-eacf-733b-b81e-04ebd4c4f54c');
