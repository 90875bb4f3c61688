# What every broker must do, run against each implementation.
aftercommit_tests(broker LABEL integration LIBRARIES aftercommit::broker
  TESTS broker_aside broker_conformance broker_durable broker_home broker_lease broker_levels broker_operator
        broker_pages broker_relay)
