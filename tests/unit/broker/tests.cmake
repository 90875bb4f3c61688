# What is written to a broker and read from it.
aftercommit_tests(unit_broker LABEL unit BY_SUITE LIBRARIES aftercommit::broker
  TESTS cluster_tags dead_letter envelope job_identity level_shares plain_envelope redis_pipeline redis_reply redis_url
        sentinel_watch sharded_broker shards taken_jobs unknown_fields wire_format)
target_compile_definitions(unit_broker_tests PRIVATE
  AFTERCOMMIT_WIRE_FORMAT="${PROJECT_SOURCE_DIR}/docs/wire-format.md")
