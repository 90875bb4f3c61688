# What every broker must do, run against each implementation.
foreach(subject broker_aside broker_conformance broker_durable broker_home broker_lease broker_operator broker_relay)
  aftercommit_test(${subject}_test LABEL integration LIBRARIES aftercommit::broker)
endforeach()
