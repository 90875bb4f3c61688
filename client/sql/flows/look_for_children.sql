-- look_for_children.sql: how many of them have not taken effect yet; and one that will not by itself: it is dead, or was
-- cancelled or deleted.
SELECT pg_catalog.count(*), (
  SELECT pg_catalog.format('child %s of task %s is %s', lost.id, lost.task,
    CASE WHEN EXISTS (SELECT FROM {schema}.dead WHERE dead.id = lost.id) THEN 'dead' ELSE 'gone: cancelled, expired or deleted' END)
  FROM {schema}.flow_child AS lost
  WHERE lost.flow = $1 AND lost.place = $2 AND lost.done_at IS NULL
    AND NOT EXISTS (SELECT FROM {schema}.job WHERE job.id = lost.id)
  ORDER BY lost.n LIMIT 1)
FROM {schema}.flow_child AS child WHERE child.flow = $1 AND child.place = $2 AND child.done_at IS NULL;
