# What is written to a broker and read from it.
foreach(subject dead_letter envelope job_identity plain_envelope redis_pipeline redis_reply redis_url unknown_fields
                wire_format)
  aftercommit_test(${subject}_test LABEL unit LIBRARIES aftercommit::broker)
endforeach()
target_compile_definitions(wire_format_test PRIVATE AFTERCOMMIT_WIRE_FORMAT="${PROJECT_SOURCE_DIR}/docs/wire-format.md")
