-- ask_run.sql: a job of the periodic task $2 of app $1 is asked for, beside its ticks: a worker makes it.
UPDATE {schema}.periodic SET runs_asked = runs_asked + 1 WHERE app = $1 AND name = $2;
