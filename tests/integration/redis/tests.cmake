# What the broker in Redis leaves there, and what it does when Redis is not as it should be.
aftercommit_tests(redis LABEL integration LIBRARIES aftercommit::broker
  TESTS redis_broker redis_cluster redis_credentials redis_data_loss redis_fetch redis_lost_reply redis_outage redis_recovery
        redis_sentinel redis_server redis_tls
        redis_tls_checks)
