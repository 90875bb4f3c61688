-- test_tables.sql: what the test tasks write to and read, beside the tables of jobs; for tests in C++ and in Python.
CREATE TABLE orders(id bigint PRIMARY KEY);
CREATE TABLE effect(id bigserial, job_id text, value bigint, attempt int);
CREATE TABLE journal(id bigserial, job_id text, task text, attempt int, note text,
                     at double precision DEFAULT extract(epoch FROM clock_timestamp()));
CREATE TABLE script(value bigint PRIMARY KEY, text text);
CREATE SEQUENCE tries;
